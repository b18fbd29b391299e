import { describe, expect, it, vi } from 'vitest';
import { type Broken, brokenServices } from '../testing/broken-services.ts';
import { simulateBriefly } from '../testing/simulate-briefly.ts';

// On a machine that may have much else to do.
vi.setConfig({ testTimeout: 180_000 });

describe('the checker finds a coordinator that', () => {
  it.each(Object.entries<Broken>(brokenServices))('%s', async (_name, { rule, serve, mode = 'cohort' }) => {
    const { violations, found } = await simulateBriefly({ serve, mode });
    expect(violations).toBeGreaterThan(0);
    expect(found.map((violation) => violation.rule)).toContain(rule);
  });

  it('and nothing in one that does as it should', async () => {
    expect((await simulateBriefly({ mode: 'cohort' })).found).toEqual([]);
    expect((await simulateBriefly({ mode: 'asynchronous' })).found).toEqual([]);
  });
});
