import { STATUS_CODES } from 'node:http';
import { toJsonSchema } from '@valibot/to-json-schema';
import type { FastifySchema, RouteOptions } from 'fastify';
import * as v from 'valibot';
import { Problem, PROBLEM_TYPE } from './problem.ts';

/** Statuses of problems that every route may answer with. */
const COMMON_PROBLEMS = [400, 429, 500, 503];

/**
 * Describes routes as OpenAPI 3.1, from the very schemas that requests are checked against.
 * @throws TypeError for a route that says neither what it is for nor to leave it out
 */
export class OpenApi {
  readonly #paths: Record<string, Record<string, object>> = {};

  add({ method, url, schema }: Pick<RouteOptions, 'method' | 'url' | 'schema'>): void {
    if (schema?.hide === true) return;
    const path = url.replaceAll(/:(\w+)/g, '{$1}');
    for (const name of [method].flat()) {
      // Answered like GET, without the body.
      if (name === 'HEAD') continue;
      if (schema?.summary === undefined) throw new TypeError(`route ${name} ${url} has no summary`);
      (this.#paths[path] ??= {})[name.toLowerCase()] = operation(schema);
    }
  }

  document(): Record<string, unknown> {
    return {
      openapi: '3.1.0',
      info: {
        title: 'Chorale coordinator',
        version: '1',
        description: 'Reports and training messages travel over socket.io; everything else is here.',
      },
      paths: this.#paths,
      components: {
        schemas: { Problem: jsonSchema(Problem) },
        securitySchemes: {
          operator: {
            type: 'http',
            scheme: 'bearer',
            description: 'The operator token of this coordinator, or that of a person of the role operator',
          },
          person: { type: 'http', scheme: 'bearer', description: 'The token of a person, or the operator token' },
          invitation: { type: 'http', scheme: 'bearer', description: 'Invitation of one participant to one study' },
        },
      },
    };
  }
}

function operation(schema: FastifySchema): object {
  const { summary, params, querystring, body, response, bearer, consumes, produces, problems = [] } = schema;
  const requestBody =
    consumes !== undefined
      ? { required: true, content: { [consumes]: {} } }
      : body !== undefined && { required: true, content: { 'application/json': { schema: jsonSchema(body) } } };
  return {
    summary,
    ...(bearer === undefined ? {} : { security: bearer === 'anybody' ? [{}, { person: [] }] : [{ [bearer]: [] }] }),
    parameters: [...parameters('path', params), ...parameters('query', querystring)],
    ...(requestBody === false ? {} : { requestBody }),
    responses: { ...answers(response, produces), ...problemAnswers([...problems, ...COMMON_PROBLEMS]) },
  };
}

function answers(response: unknown, produces: string | undefined): Record<string, object> {
  if (produces !== undefined) return { 200: { description: 'OK', content: { [produces]: {} } } };
  const described = Object.entries((response ?? {}) as Record<string, unknown>).map(([status, schema]) => {
    const description = STATUS_CODES[status] ?? 'OK';
    if (status === '304') return [status, { description }] as const;
    return [status, { description, content: { 'application/json': { schema: jsonSchema(schema) } } }] as const;
  });
  return Object.fromEntries(described);
}

function problemAnswers(statuses: readonly number[]): Record<string, object> {
  const content = { [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } };
  const headers = { 'retry-after': { description: 'Seconds', schema: { type: 'integer' } } };
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      { description: 'Problem details', content, ...(status === 429 || status === 503 ? { headers } : {}) },
    ]),
  );
}

function parameters(place: 'path' | 'query', schema: unknown): object[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = jsonSchema(schema);
  return Object.entries(properties).map(([name, described]) => ({
    name,
    in: place,
    required: required.includes(name),
    schema: described,
  }));
}

function jsonSchema(schema: unknown): ReturnType<typeof toJsonSchema> {
  if (!isSchema(schema)) throw new TypeError('a schema must be one of valibot');
  // Checks of a whole manifest cannot be said in JSON Schema; they are in the refusals.
  return toJsonSchema(schema, { target: 'draft-2020-12', typeMode: 'input', errorMode: 'ignore' });
}

function isSchema(value: unknown): value is v.GenericSchema {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'schema';
}
