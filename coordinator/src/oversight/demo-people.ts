import { createHmac } from 'node:crypto';
import type { Role } from '@chorale/protocol';
import type { People } from './people.ts';

/** One made-up person of a demonstration, with the token that signs a browser in. */
export type DemoPerson = { name: string; role: Role; token: string };

const PERSONS = [
  { name: 'Demo analyst', role: 'analyst' },
  { name: 'Demo officer', role: 'officer' },
] as const;

/**
 * An analyst and an officer for demonstrations, made once, where there are no persons yet. Their tokens follow from a
 * secret of the store, because a demonstration says them at every start and only hashes are stored.
 * @returns those that are still there
 */
export async function demoPeople(people: People, secret: Uint8Array): Promise<DemoPerson[]> {
  const persons = PERSONS.map((person) => {
    return { ...person, token: createHmac('sha256', secret).update(person.name).digest('base64url') };
  });
  if ((await people.list()).length === 0) {
    for (const person of persons) await people.add(person, { type: 'coordinator' });
  }
  const found = await Promise.all(persons.map(({ token }) => people.find(token)));
  return persons.filter((_, index) => found[index] !== null);
}
