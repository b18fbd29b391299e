import { checkPositive, epsilonOfShift, zcdpEpsilon } from './gaussian-accounting.ts';
import type { Guarantee, PrivacyUnit } from './guarantee.ts';

/** One release as a ledger keeps it. */
export type Spend = {
  readonly neighboringRelation: 'replace-one';
  readonly privacyUnit: PrivacyUnit;
} & (
  | { readonly mechanism: 'pure'; /** Finite and >= 0. */ readonly epsilon: number }
  | { readonly mechanism: 'gaussian'; /** Finite and > 0. */ readonly noiseMultiplier: number }
  | { readonly mechanism: 'zcdp'; /** Finite and >= 0. */ readonly rho: number }
);

/** What a ledger's spends come to; delta is 0 where every spend is pure and none was needed. */
export type ComposedSpend = Guarantee & { readonly neighboringRelation: 'replace-one' };

/**
 * The (epsilon, delta) guarantee of all spends together, each of which may depend on the releases before.
 *
 * The smallest of bounds that are valid for adaptive mechanisms of fixed parameters: the pure sum with the exact
 * Gaussian (or zCDP) guarantee of the rest, and everything as zCDP.
 *
 * @param delta in [0, 1); 0 is enough where all spends are pure
 * @throws {RangeError} for no spends, a spend out of range, or delta 0 with a spend that is not pure
 * @throws {TypeError} for an unknown mechanism, a relation other than replace-one, or mixed privacy units
 * @see Bun and Steinke, TCC 2016, lemma 1.7 and proposition 1.4; Dong, Roth and Su, JRSS B 2022, corollary 3.3
 */
export function composeSpends(spends: readonly Spend[], { delta }: { delta: number }): ComposedSpend {
  if (!(delta >= 0 && delta < 1)) throw new RangeError(`delta must be in [0, 1), got ${delta}`);
  const first = spends[0];
  if (first === undefined) throw new RangeError('spends must hold at least one spend, got none');
  const { privacyUnit } = first;
  const neighboringRelation = 'replace-one';

  let pure = 0;
  let pureRho = 0;
  let squaredShift = 0;
  let rho = 0;
  for (const spend of spends) {
    if (spend.neighboringRelation !== neighboringRelation) {
      throw new TypeError(
        `neighboringRelation must be replace-one throughout, got ${String(spend.neighboringRelation)}`,
      );
    }
    if (spend.privacyUnit !== privacyUnit) {
      throw new TypeError(`privacyUnit must be ${privacyUnit} throughout, got ${spend.privacyUnit}`);
    }
    switch (spend.mechanism) {
      case 'pure':
        pure += checked('epsilon', spend.epsilon);
        // A pure mechanism is (epsilon^2 / 2)-zCDP (Bun and Steinke, proposition 1.4).
        pureRho += spend.epsilon ** 2 / 2;
        break;
      case 'gaussian':
        // Gaussians add like one with the root of the sum of squared shifts 1 / noiseMultiplier.
        checkPositive('noiseMultiplier', spend.noiseMultiplier);
        squaredShift += 1 / spend.noiseMultiplier ** 2;
        break;
      case 'zcdp':
        rho += checked('rho', spend.rho);
        break;
      default:
        throw new TypeError(
          `mechanism must be pure, gaussian or zcdp, got ${(spend as { mechanism: string }).mechanism}`,
        );
    }
  }

  const onlyPure = squaredShift === 0 && rho === 0;
  const bounds: { epsilon: number; accountant: string }[] = [];
  if (onlyPure) bounds.push({ epsilon: pure, accountant: 'pure-sum' });
  if (delta > 0) {
    if (!onlyPure && rho === 0) {
      bounds.push({ epsilon: pure + epsilonOfShift(Math.sqrt(squaredShift), delta), accountant: 'pure-sum+gaussian' });
    }
    // A Gaussian is 1 / (2 noiseMultiplier^2)-zCDP.
    const withoutPure = rho + squaredShift / 2;
    if (rho > 0) bounds.push({ epsilon: pure + zcdpEpsilon({ rho: withoutPure, delta }), accountant: 'pure-sum+zcdp' });
    bounds.push({ epsilon: zcdpEpsilon({ rho: withoutPure + pureRho, delta }), accountant: 'zcdp' });
  }
  const best = bounds.reduce<(typeof bounds)[number] | undefined>(
    (smallest, bound) => (smallest === undefined || bound.epsilon < smallest.epsilon ? bound : smallest),
    undefined,
  );
  if (best === undefined) throw new RangeError(`delta must be > 0 where a spend is not pure, got ${delta}`);
  const needsDelta = best.accountant !== 'pure-sum';
  return { ...best, delta: needsDelta ? delta : 0, neighboringRelation, privacyUnit };
}

function checked(name: string, value: number): number {
  if (!(value >= 0 && value < Infinity)) throw new RangeError(`${name} must be finite and >= 0, got ${value}`);
  return value;
}
