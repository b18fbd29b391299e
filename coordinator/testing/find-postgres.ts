import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The programs of a Postgres server on this machine, and who may run them. */
export type PostgresPrograms = {
  /** Folder of `initdb`, `postgres` and `pg_ctl`. */
  folder: string;
  /** Whom they run as; absent for the current user. */
  user?: { uid: number; gid: number };
};

/** Where Debian puts them, one folder a version. */
const DEBIAN = '/usr/lib/postgresql';

/** Finds Postgres, or says in a few words why it cannot be run here. */
export function findPostgres(): PostgresPrograms | { missing: string } {
  const folder = candidates().find((path) => existsSync(join(path, 'initdb')) && existsSync(join(path, 'postgres')));
  if (folder === undefined) return { missing: 'no Postgres is installed here' };
  // The server refuses to run as root.
  if (process.getuid?.() !== 0) return { folder };
  const user = systemUser('postgres') ?? systemUser('nobody');
  return user === null ? { missing: 'Postgres does not run as root, and there is no other user' } : { folder, user };
}

function candidates(): string[] {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN) : [];
  versions.sort((a, b) => Number(b) - Number(a));
  const path = process.env['PATH'] ?? '';
  return [...versions.map((version) => join(DEBIAN, version, 'bin')), ...path.split(delimiter).filter(Boolean)];
}

function systemUser(name: string): { uid: number; gid: number } | null {
  const [, uid, gid] = new RegExp(`^${name}:[^:]*:(\\d+):(\\d+):`, 'm').exec(readFileSync('/etc/passwd', 'utf8')) ?? [];
  return uid === undefined || gid === undefined ? null : { uid: Number(uid), gid: Number(gid) };
}
