import { describe, expect, it } from 'vitest';
import { siteTask } from '../testing/study.ts';
import { contributionWeight } from './contribution.ts';

describe('contributionWeight', () => {
  it('[R16] weighs updates by public group weights and rows of evaluations alike', () => {
    const task = siteTask({ weights: { north: 40 } });
    expect(contributionWeight(task, 'train', 'north')).toBe(40);
    expect(contributionWeight(task, 'train', 'south')).toBe(1);
    expect(contributionWeight(task, 'train', 'constructor')).toBe(1);
    expect(contributionWeight(task, 'evaluate', 'north')).toBe(1);
  });
});
