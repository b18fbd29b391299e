import { ChoraleError } from '@chorale/protocol';
import type { FastifyInstance, FastifySchemaCompiler, FastifyTypeProvider, RawServerDefault } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger } from 'fastify';
import * as v from 'valibot';
import { parseMessage } from '../sockets/parse-message.ts';

declare module 'fastify' {
  /** What the description of the interface says of a route, beside its schemas. */
  interface FastifySchema {
    /** One line; a route without it and without `hide` cannot be registered. */
    summary?: string;
    /**
     * Who may ask, by a bearer token: the operator, a person of some role, or a participant by their invitation; `anybody`
     * for routes where a person may show theirs, to be named.
     */
    bearer?: 'operator' | 'person' | 'invitation' | 'anybody';
    /** Media type of a body that is not JSON; it has no schema then. */
    consumes?: string;
    /** Media type of an answer that is not JSON. */
    produces?: string;
    /** Statuses of its problems, beyond those that every route may have. */
    problems?: readonly number[];
    /** Not part of the interface: pages and preflights. */
    hide?: boolean;
  }
}

/** Routes whose handlers get what their valibot schemas make of the request. */
export interface ValibotTypes extends FastifyTypeProvider {
  validator: this['schema'] extends v.GenericSchema ? v.InferOutput<this['schema']> : unknown;
  serializer: this['schema'] extends v.GenericSchema ? v.InferInput<this['schema']> : unknown;
}

export type ChoraleApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ValibotTypes
>;

/** Checks one part of a request; a study's name that cannot be one is unknown like any other. */
export const validateRequest: FastifySchemaCompiler<v.GenericSchema> = ({ schema, httpPart }) => {
  if (httpPart === 'body') return (data: unknown) => readBody(schema, data);
  return (data: unknown) => {
    const result = v.safeParse(schema, data, { abortEarly: true });
    if (result.success) return { value: result.output };
    const path = v.getDotPath(result.issues[0]);
    if (httpPart === 'params' && path === 'id') {
      return { error: new ChoraleError('STUDY_UNKNOWN', 'this coordinator has no such study') };
    }
    const place = `${httpPart ?? 'request'}${path === null ? '' : ` at ${path}`}`;
    return { error: new ChoraleError('MESSAGE_MALFORMED', `${place}: ${result.issues[0].message}`) };
  };
};

/** With the refusals that a socket's messages get: no value is repeated, it might be an answer. */
function readBody(schema: v.GenericSchema, data: unknown): { value: unknown } | { error: Error } {
  try {
    return { value: parseMessage(schema, data) };
  } catch (error) {
    return { error: error as Error };
  }
}

/** Answers are typed against their schemas and written as they are. */
export const writeAnswer = () => (data: unknown) => JSON.stringify(data);
