import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import * as protocol from './index.ts';

/** The shape of a schema without its functions: what is on the wire, not how it is checked. */
function shape(schema: unknown): unknown {
  if (typeof schema === 'function' || schema === undefined) return null;
  if (schema instanceof RegExp) return schema.source;
  if (Array.isArray(schema)) return schema.map(shape);
  if (typeof schema !== 'object' || schema === null) return schema;
  const kept = Object.entries(schema).filter(([key, value]) => !key.startsWith('~') && typeof value !== 'function');
  return Object.fromEntries(kept.map(([key, value]) => [key, shape(value)]));
}

test('[P3] a changed wire schema needs a new PROTOCOL_VERSION', () => {
  const schemas = Object.entries(protocol)
    .filter(([, value]) => typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'schema')
    .map(([name, schema]) => [name, shape(schema as v.GenericSchema)])
    .toSorted(([a], [b]) => String(a).localeCompare(String(b)));
  expect(schemas.length).toBeGreaterThan(8);
  const hash = createHash('sha256').update(JSON.stringify(schemas)).digest('hex').slice(0, 16);
  // After changing a schema: raise PROTOCOL_VERSION, write a CHANGELOG line, then record the new pair here.
  expect({ version: protocol.PROTOCOL_VERSION, hash }).toMatchInlineSnapshot(`
    {
      "hash": "bd9a6b907e9ea9a5",
      "version": 1,
    }
  `);
});
