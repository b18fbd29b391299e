import { describe, expect, it } from 'vitest';
import { brokenServices } from '../testing/broken-services.ts';
import { simulateBriefly } from '../testing/simulate-briefly.ts';

describe('the checker finds a coordinator that', () => {
  it.each(Object.entries(brokenServices))('%s', async (_name, { rule, serve }) => {
    const { violations, found } = await simulateBriefly({ serve });
    expect(violations).toBeGreaterThan(0);
    expect(found.map((violation) => violation.rule)).toContain(rule);
  });

  it('and nothing in one that does as it should', async () => {
    expect((await simulateBriefly()).found).toEqual([]);
  });
});
