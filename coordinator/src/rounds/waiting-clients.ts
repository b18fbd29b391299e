import { OrderedMap } from 'immutable';

/** A client that is connected and willing, since when it waits, and its public group. */
type Waiting = { readonly group: string; readonly since: number };

/** Clients with a live connection by participant, in the order in which they are to be invited. */
export type WaitingClients = OrderedMap<string, Waiting>;

/** Adds a client at the end; one that is known keeps its place and its waiting time. */
export function addClient(
  clients: WaitingClients,
  { participant, group }: { participant: string; group: string },
  now: number,
): WaitingClients {
  const known = clients.get(participant);
  if (known?.group === group) return clients;
  // Setting a key that exists does not move it.
  return clients.set(participant, { group, since: known?.since ?? now });
}

/** A cohort goes to the end of the queue, so that clients take turns where more wait than are invited. */
export function requeue(clients: WaitingClients, cohort: Iterable<string>, now: number): WaitingClients {
  return clients.withMutations((queue) => {
    for (const participant of cohort) {
      const client = queue.get(participant);
      if (client !== undefined) queue.delete(participant).set(participant, { ...client, since: now });
    }
  });
}

/** Since when the first in the queue has waited, in the runner's milliseconds; `Infinity` with nobody. */
export function longestWait(clients: WaitingClients): number {
  return clients.first()?.since ?? Infinity;
}

/** Nobody has waited since a moment to come: after a clock was set back, waiting starts again now. */
export function afterClockChange(clients: WaitingClients, now: number): WaitingClients {
  const last = clients.last();
  if (last === undefined || last.since <= now) return clients;
  return clients.map((client) => (client.since > now ? { ...client, since: now } : client));
}
