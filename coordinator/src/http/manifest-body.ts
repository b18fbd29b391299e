import { type Manifest, parseManifest } from '@chorale/protocol';
import type { FastifyRouteSchemaDef } from 'fastify/types/schema.js';
import { validateRequest } from './route-schema.ts';

/** Longest body of a study, in bytes: room for a manifest that is laid out for people. */
export const STUDY_BYTES = 512 * 1024;

/** For routes whose body is a manifest: its refusals name the path and the rule. */
export function manifestOrError(route: FastifyRouteSchemaDef<unknown>) {
  if (route.httpPart !== 'body') return validateRequest(route as Parameters<typeof validateRequest>[0]);
  return (body: unknown): { value: Manifest } | { error: Error } => {
    try {
      return { value: parseManifest(body) };
    } catch (error) {
      return { error: error instanceof Error ? error : new Error(String(error)) };
    }
  };
}
