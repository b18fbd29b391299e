import { gaussianEpsilon, gaussianNoiseMultiplier } from '@chorale/privacy';
import { describe, expect, it } from 'vitest';
import { accuracyTable } from './expected-accuracy-table.ts';
import { type OneShotPlanOptions, oneShotVerdict, planOneShot } from './expected-accuracy.ts';

const asked: OneShotPlanOptions = {
  algorithm: 'gram-matrix',
  mode: 'distributed',
  clients: 1500,
  features: 50,
  epsilon: 2,
  delta: 1e-5,
};
const measured = accuracyTable.shareOfCentral['gram-matrix'].distributed;

const text = (change: Partial<OneShotPlanOptions>): string => oneShotVerdict(planOneShot({ ...asked, ...change }));

describe('planOneShot', () => {
  it('says what was measured at a measured point, and the middle of two halfway between them on a scale of ratios', () => {
    const plan = planOneShot(asked);
    expect(plan.shareOfCentral).toBeCloseTo(measured[2]![2]![2]!, 6);
    expect(plan.centralAuc).toBe(accuracyTable.centralAuc[2]![2]);
    expect(plan.auc).toBeCloseTo(0.5 + plan.shareOfCentral * (plan.centralAuc - 0.5), 12);
    const halfway = planOneShot({ ...asked, mode: 'local', algorithm: 'class-mean-difference', epsilon: Math.sqrt(8) });
    const local = accuracyTable.shareOfCentral['class-mean-difference'].local[2]![2]!;
    expect(halfway.shareOfCentral).toBeCloseTo((local[2]! + local[3]!) / 2, 12);
  });

  it('takes another delta for the epsilon at which the noise would be the same', () => {
    const delta = 1e-7;
    const noiseMultiplier = gaussianNoiseMultiplier({ epsilon: 2, delta });
    const epsilon = gaussianEpsilon({ noiseMultiplier, delta: accuracyTable.delta });
    expect(planOneShot({ ...asked, delta }).shareOfCentral).toBeCloseTo(
      planOneShot({ ...asked, epsilon }).shareOfCentral,
      9,
    );
    expect(planOneShot({ ...asked, delta }).shareOfCentral).toBeLessThan(planOneShot(asked).shareOfCentral);
    const local = { ...asked, mode: 'local' } as const;
    expect(planOneShot({ ...local, delta }).shareOfCentral).toBe(planOneShot(local).shareOfCentral);
    expect(planOneShot(local).delta).toBe(0);
  });

  it('more than was measured counts as the most that was, less is refused', () => {
    expect(planOneShot({ ...asked, clients: 1e6, epsilon: 100 }).shareOfCentral).toBe(measured[2]!.at(-1)!.at(-1));
    expect(planOneShot({ ...asked, features: 1 }).shareOfCentral).toBe(
      planOneShot({ ...asked, features: 6 }).shareOfCentral,
    );
    expect(() => planOneShot({ ...asked, features: 51 })).toThrow('features must be at most 50');
    expect(() => planOneShot({ ...asked, clients: 149 })).toThrow('clients must be at least 150');
    expect(() => planOneShot({ ...asked, epsilon: 0.49 })).toThrow('epsilon must be at least 0.5');
    expect(planOneShot({ ...asked, epsilon: 0.5 }).shareOfCentral).toBeCloseTo(measured[2]![2]![0]!, 6);
    expect(() => planOneShot({ ...asked, delta: 0 })).toThrow('delta must be in (0, 1)');
    expect(() => planOneShot({ ...asked, clients: 1500.5 })).toThrow('clients must be an integer');
    const labels = { ...asked, algorithm: 'label-randomized-response' } as const;
    expect(() => planOneShot(labels)).toThrow('mode must be local, got distributed');
  });

  it('no more clients, and no larger epsilon, make it worse; the clients that it names are enough, a tenth fewer are not', () => {
    for (const mode of ['local', 'distributed'] as const) {
      for (const features of [6, 13, 50]) {
        for (const epsilon of [0.5, 1.5, 8]) {
          const plan = planOneShot({ ...asked, mode, features, epsilon });
          const more = planOneShot({ ...asked, mode, features, epsilon, clients: 3000 });
          expect(more.shareOfCentral).toBeGreaterThanOrEqual(plan.shareOfCentral);
          const larger = planOneShot({ ...asked, mode, features, epsilon: epsilon * 1.2 });
          expect(larger.shareOfCentral).toBeGreaterThanOrEqual(plan.shareOfCentral);
          const { usableClients } = plan;
          if (usableClients === null) continue;
          const verdictWith = (clients: number) => planOneShot({ ...asked, mode, features, epsilon, clients }).verdict;
          expect(verdictWith(usableClients)).toBe('usable');
          if (usableClients > 167) expect(verdictWith(Math.floor(usableClients * 0.9))).not.toBe('usable');
        }
      }
    }
  });
});

describe('oneShotVerdict', () => {
  it('hopeless is said where it is, and what would do', () => {
    expect(text({ mode: 'local', clients: 500 })).toMatch(
      /^Hopeless: the model gains \d+% of what one without noise gains over guessing, with made-up employees an area under the curve of \.\d\d instead of \.\d\d; 80% would be usable, which takes (more than )?[\d,]+ clients\.$/,
    );
    expect(text({ clients: 500, epsilon: 1 })).toMatch(
      /^(Rough|Hopeless): .*80% would be usable, which takes [\d,]+ clients\.$/,
    );
    expect(text({})).toMatch(/^Usable: the model gains \d+% of .* instead of \.\d\d\.$/);
  });

  it('answer-only training never goes without its warning', () => {
    expect(text({ algorithm: 'label-randomized-response', mode: 'local' })).toMatch(/ Only the label is protected: /);
    expect(text({})).not.toContain('label');
  });
});
