import type { Store } from '../../storage/store.ts';

type Method = 'openRound' | 'endRound' | 'readRounds';

/**
 * A real store with faults: the next calls of a method fail as told, `before` anything was written or
 * `after`, when the write is durable and only its confirmation is lost.
 */
export function faultyStore(store: Store): { store: Store; fail(method: Method, when: 'before' | 'after'): void } {
  const faults: { method: Method; when: 'before' | 'after' }[] = [];
  const faulty = <Args extends unknown[], Result>(method: Method, call: (...args: Args) => Promise<Result>) => {
    return async (...args: Args): Promise<Result> => {
      const index = faults.findIndex((fault) => fault.method === method);
      if (index === -1) return call(...args);
      const [fault] = faults.splice(index, 1);
      if (fault?.when === 'after') await call(...args);
      throw new Error('the disk failed');
    };
  };
  const methods: Pick<Store, Method> = {
    openRound: faulty('openRound', (round) => store.openRound(round)),
    endRound: faulty('endRound', (...args: Parameters<Store['endRound']>) => store.endRound(...args)),
    readRounds: faulty('readRounds', (study) => store.readRounds(study)),
  };
  return {
    store: new Proxy(store, {
      get(target, name) {
        if (name in methods) return methods[name as Method];
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    }),
    fail: (method, when) => faults.push({ method, when }),
  };
}
