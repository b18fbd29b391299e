import { describe } from 'vitest';
import { postgresMissing, sharedDatabaseUrl, temporarySchema } from '../../testing/shared-postgres.ts';
import { PostgresStore } from './postgres-store.ts';
import { describeOversight } from './oversight-contract.ts';
import { describeStore } from './store-contract.ts';

const open = async (schema: string) => PostgresStore.open(await sharedDatabaseUrl(), { schema });

describe.skipIf(postgresMissing)(`contract${postgresMissing}`, () => {
  describeStore('PostgresStore', { newPlace: temporarySchema, open });
  describeOversight('PostgresStore', { newPlace: temporarySchema, open });
});
