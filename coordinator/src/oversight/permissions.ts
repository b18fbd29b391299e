import { type Actor, ChoraleError, type Role } from '@chorale/protocol';

/** What may be done by whom; reading what is published needs no permission. [O1] */
const ALLOWED = {
  /** Publish without approval, read metrics, take backups, add and remove persons. */
  operate: ['operator'],
  /** Read drafts and the log, and take an evidence pack of a study. */
  oversee: ['analyst', 'officer', 'operator'],
  /** Propose a study, edit or withdraw what was proposed, and publish what was approved. */
  propose: ['analyst', 'officer'],
  /** Import what others got, to be shown beside a study's results. */
  compare: ['analyst', 'officer', 'operator'],
  approve: ['officer'],
  close: ['analyst', 'officer', 'operator'],
  purge: ['officer', 'operator'],
} as const satisfies Record<string, readonly Role[]>;

export type Permission = keyof typeof ALLOWED;

/** Whether somebody may do something; the program itself may do all that it was told to. */
function isAllowed(actor: Actor, permission: Permission): boolean {
  if (actor.type === 'coordinator') return true;
  const role: Role = actor.type === 'person' ? actor.role : 'operator';
  return (ALLOWED[permission] as readonly Role[]).includes(role);
}

/**
 * @param doing what is asked for, as the subject of a sentence
 * @throws ChoraleError `PERMISSION_DENIED`
 */
export function requirePermission(actor: Actor, permission: Permission, doing: string): void {
  if (isAllowed(actor, permission)) return;
  throw new ChoraleError('PERMISSION_DENIED', `${doing} needs the role ${ALLOWED[permission].join(' or ')}`);
}

/** The name of a person who acts. @throws ChoraleError `PERMISSION_DENIED` for whoever is none */
export function requirePerson(actor: Actor, doing: string): string {
  if (actor.type === 'person') return actor.name;
  throw new ChoraleError('PERMISSION_DENIED', `${doing} needs the token of a person: two of them answer for a study`);
}
