import type { Command } from 'commander';
import { UsageError } from './command-errors.ts';
import { defaults } from './defaults.ts';

/** Where a store is: in a folder of this machine or in a Postgres database. */
export type StorePlace = { type: 'folder'; folder: string } | { type: 'database'; databaseUrl: string };

/** The same as options of a command line. */
export type PlaceOptions = { data?: string; databaseUrl?: string };

/** Gives a command the options that name a store. */
export function withPlace(command: Command): Command {
  return command
    .option('--data <DIR>', 'data folder (default: DATA_DIR, else ./data)')
    .option('--database-url <URL>', 'Postgres database, instead of a folder (default: DATABASE_URL)');
}

/** The store that a command is about: what it was told, else what the environment says. @throws UsageError */
export function storePlace({ data, databaseUrl }: PlaceOptions): StorePlace {
  if (data !== undefined && databaseUrl !== undefined) throw new UsageError('give --data or --database-url, not both');
  if (data !== undefined) return { type: 'folder', folder: data };
  const url = databaseUrl ?? process.env['DATABASE_URL'];
  return url ? { type: 'database', databaseUrl: url } : { type: 'folder', folder: defaults().data };
}
