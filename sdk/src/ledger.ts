import { composeAdaptiveSpends, type PrivacyUnit, type SampledSpends, type Spend } from '@chorale/privacy';
import { BudgetExceededError } from '@chorale/protocol';
import { lazyPart } from './lazy-part.ts';
import type { DeviceStore, SpendRecord } from './storage/device-store.ts';
import { spendKey } from './storage/spend-key.ts';

/** The one delta at which a device adds up everything it ever sent, over all studies and mechanisms. */
export const LEDGER_DELTA = 1e-6;

/** The most that a device spends for any privacy unit, ever; a page may ask for less, not for more. */
export const MAX_EPSILON = 8;

/** What a device has spent on one privacy unit, and may. */
export type LedgerBalance = {
  privacyUnit: PrivacyUnit;
  neighboringRelation: 'replace-one';
  /** Epsilon at `delta` of everything sent so far. */
  spent: number;
  limit: number;
  delta: number;
};

const units: readonly PrivacyUnit[] = ['employee', 'site'];

/**
 * The device's account of its privacy loss: replace-one, one balance per privacy unit, at one fixed
 * delta, over all studies. Nothing is ever refunded.
 */
export class Ledger {
  readonly maxEpsilon: number;
  readonly #store: DeviceStore;

  /**
   * @param options.maxEpsilon the page's own limit, > 0; above the SDK's it changes nothing.
   * @throws RangeError
   */
  constructor({ store, maxEpsilon = MAX_EPSILON }: { store: DeviceStore; maxEpsilon?: number | undefined }) {
    if (!(maxEpsilon > 0)) throw new RangeError(`maxEpsilon must be > 0, got ${maxEpsilon}`);
    this.maxEpsilon = Math.min(maxEpsilon, MAX_EPSILON);
    this.#store = store;
  }

  /** Everything that was charged, oldest first. */
  async entries(): Promise<SpendRecord[]> {
    return (await this.#store.spends()).toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  }

  /** @throws ChoraleError `CONNECTION_LOST` when what counts a site's samples cannot be fetched. */
  async balances(): Promise<LedgerBalance[]> {
    const spends = await this.#store.spends();
    const sampled = await sampledSpendsFor(spends);
    return units.map((privacyUnit) => ({
      privacyUnit,
      neighboringRelation: 'replace-one',
      spent: compose(spends, privacyUnit, sampled),
      limit: this.maxEpsilon,
      delta: LEDGER_DELTA,
    }));
  }

  /**
   * Whether these may be charged on top of everything before. Charging them is the store's commit, in
   * one transaction with what is to be sent; the caller holds the device's lock around both.
   * @throws BudgetExceededError naming spent, asked and limit; ChoraleError as `balances`.
   */
  async check(asked: readonly SpendRecord[]): Promise<void> {
    const spends = await this.#store.spends();
    const all = [...new Map([...spends, ...asked].map((spend) => [spendKey(spend), spend])).values()];
    const sampled = await sampledSpendsFor(all);
    for (const unit of new Set(asked.map((spend) => spend.privacyUnit))) {
      const total = compose(all, unit, sampled);
      // The negation also stops a total that is not a number.
      if (!(total <= this.maxEpsilon)) {
        const parts = {
          spent: compose(spends, unit, sampled),
          asked: compose(asked, unit, sampled),
          limit: this.maxEpsilon,
        };
        throw new BudgetExceededError(
          `${unit}: epsilon ${show(parts.spent)} was spent and ${show(parts.asked)} is asked, together ${show(total)}; ` +
            `the limit of this device is ${show(parts.limit)} (delta ${LEDGER_DELTA})`,
        );
      }
    }
  }
}

/** What counts Gaussians on samples, which only sites have: fetched where there is one. */
async function sampledSpendsFor(records: readonly SpendRecord[]): Promise<SampledSpends | undefined> {
  if (!records.some(({ loss }) => loss.mechanism === 'subsampled-gaussian')) return undefined;
  return (await lazyPart(import('./sampled-spends.ts'))).sampledSpends;
}

/**
 * Epsilon at the ledger's delta; 0 when nothing was sent.
 *
 * An employee's row of a site either trains or is held back, so of one set of rows an employee bears one of the two
 * parts, not both (parallel composition). Two sets may hold one employee in different parts, so they add up. Which part
 * weighs more depends on all the rest, so each choice is composed and the worst one counts.
 */
function compose(
  records: readonly SpendRecord[],
  privacyUnit: PrivacyUnit,
  sampled: SampledSpends | undefined,
): number {
  const charged = records.filter((record) => record.privacyUnit === privacyUnit);
  let choices = [charged.filter(({ rows }) => rows === undefined)];
  const sets = Map.groupBy(charged, ({ study, rows }) => (rows === undefined ? '' : `${study}\n${rows.records}`));
  for (const [set, spends] of sets) {
    if (set === '') continue;
    const parts = [...Map.groupBy(spends, ({ rows }) => rows?.part).values()];
    // Of very many sets, both parts are counted.
    choices = (choices.length < MOST_CHOICES ? parts : [spends]).flatMap((part) =>
      choices.map((choice) => [...choice, ...part]),
    );
  }
  return Math.max(...choices.map((choice) => composeAll(choice, privacyUnit, sampled)));
}

const MOST_CHOICES = 64;

function composeAll(
  records: readonly SpendRecord[],
  privacyUnit: PrivacyUnit,
  sampled: SampledSpends | undefined,
): number {
  const spends = records.map(({ loss, neighboringRelation }): Spend => ({ privacyUnit, neighboringRelation, ...loss }));
  if (spends.length === 0) return 0;
  // A study may be drawn up after another's results were seen, and the limit stops it: a privacy filter.
  return composeAdaptiveSpends(spends, { delta: LEDGER_DELTA, sampled }).epsilon;
}

function show(epsilon: number): string {
  return epsilon.toFixed(3).replace(/\.?0+$/, '');
}
