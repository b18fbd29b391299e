import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject, onTestFinished } from 'vitest';
import { findPostgres } from './find-postgres.ts';

const given = process.env['TEST_DATABASE_URL'];
const found = findPostgres();

/** Why tests that start and stop a server of their own are skipped, as the end of their name; empty where they run. */
export const postgresProgramsMissing = 'missing' in found ? ` (skipped: ${found.missing})` : '';

/** The same for tests that only need a database: TEST_DATABASE_URL, or a server that can be started. */
export const postgresMissing = given ? '' : postgresProgramsMissing;

/** The database of this run, which all test files share. */
export async function sharedDatabaseUrl(): Promise<string> {
  if (given) return given;
  const response = await fetch(inject('postgresDoor'));
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text;
}

/** A name for a schema of the shared database, which is dropped when the test has finished. */
export function temporarySchema(): string {
  const schema = `chorale_${randomBytes(8).toString('hex')}`;
  onTestFinished(async () => {
    const client = new pg.Client({ connectionString: await sharedDatabaseUrl() });
    await client.connect();
    await client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    await client.end();
  });
  return schema;
}

/** The URL of an empty place in the shared database, for programs that know no schemas. */
export async function emptyDatabaseUrl(): Promise<string> {
  const schema = temporarySchema();
  const url = new URL(await sharedDatabaseUrl());
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query(`CREATE SCHEMA ${schema}`);
  await client.end();
  url.searchParams.set('options', `-c search_path=${schema}`);
  return url.href;
}
