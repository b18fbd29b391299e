import { createHash, randomBytes } from 'node:crypto';
import { type Actor, ChoraleError, type Person, type Role } from '@chorale/protocol';
import type { Store } from '../storage/store.ts';

/** Letters of any language, digits, and what stands between the parts of a name. */
const NAME = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N} .,'@_-]{0,98}[\p{L}\p{M}\p{N}.])?$/u;

type PeopleStore = Pick<Store, 'addPerson' | 'removePerson' | 'listPersons' | 'findPerson'>;

/** Persons who may do more than read, each with a bearer token of which only the hash is stored. */
export class People {
  readonly #store: PeopleStore;
  readonly #now: () => number;

  /** @param options.now milliseconds since 1970 */
  constructor({ store, now }: { store: PeopleStore; now: () => number }) {
    this.#store = store;
    this.#now = now;
  }

  /**
   * @param person.token for demonstrations, which have to say it again; a new random one unless it is given
   * @returns the token: it cannot be had again
   * @throws ChoraleError `PERSON_CONFLICT`, or `MESSAGE_MALFORMED` for what is no name
   */
  async add(person: { name: string; role: Role; token?: string }, actor: Actor): Promise<{ token: string }> {
    const { role, token = randomBytes(32).toString('base64url') } = person;
    const name = personName(person.name);
    const at = this.#at();
    await this.#store.addPerson(
      { name, role, tokenHash: hashToken(token), addedAt: at },
      { at, actor, action: 'person-added', subject: name, details: { role } },
    );
    return { token };
  }

  /** From now on their token opens nothing. @throws ChoraleError `PERSON_UNKNOWN` */
  async remove(name: string, actor: Actor): Promise<void> {
    const subject = personName(name);
    const entry = { at: this.#at(), actor, action: 'person-removed', subject, details: {} } as const;
    await this.#store.removePerson(subject, entry);
  }

  async list(): Promise<Person[]> {
    return (await this.#store.listPersons()).map(({ name, role, addedAt }) => ({ name, role, addedAt }));
  }

  /** Who shows this token; `null` for nobody who is known. */
  async find(token: string): Promise<Actor | null> {
    // Looked up by its hash: how long that takes tells nothing of a token that is 256 random bits.
    const person = await this.#store.findPerson(hashToken(token));
    return person === null ? null : { type: 'person', name: person.name, role: person.role };
  }

  #at(): string {
    return new Date(this.#now()).toISOString();
  }
}

/** The one way to write a name, so that nobody is there twice. @throws ChoraleError `MESSAGE_MALFORMED` */
function personName(text: string): string {
  const name = text.normalize('NFC').trim().replaceAll(/ +/g, ' ');
  if (NAME.test(name)) return name;
  throw new ChoraleError('MESSAGE_MALFORMED', `name must be 1 to 100 letters, digits or . , ' @ _ -`);
}

function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
