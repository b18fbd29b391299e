import type { Store } from '../storage/store.ts';
import type { Metrics } from './metrics.ts';

/** The same store, with the time that each operation takes in the metrics. */
export function measuredStore(store: Store, { storeDuration }: Pick<Metrics, 'storeDuration'>): Store {
  const measured = new Map<string | symbol, unknown>();
  const measure = (operation: string, method: (...args: unknown[]) => unknown) => {
    const duration = storeDuration.labels({ operation });
    return (...args: unknown[]): unknown => {
      const stop = duration.startTimer();
      const result = method.apply(store, args);
      // How it ended is the caller's business, who has the promise itself.
      if (result instanceof Promise)
        result.then(
          () => stop(),
          () => stop(),
        );
      return result;
    };
  };
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function' || typeof name === 'symbol') return value;
      if (!measured.has(name)) measured.set(name, measure(name, value as (...args: unknown[]) => unknown));
      return measured.get(name);
    },
  });
}
