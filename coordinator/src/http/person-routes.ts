import * as v from 'valibot';
import type { Admission } from '../operations/admission.ts';
import type { People } from '../oversight/people.ts';
import { actorOf, type Permit } from './access.ts';
import { AddedPerson, Persons, PersonToAdd, Whoever } from './oversight-schemas.ts';
import type { ChoraleApp } from './route-schema.ts';

type Options = { people: People; admission: Admission; permit: Permit };

const PersonParams = v.object({ name: v.string() });

/** Persons and their roles, for the operator; and for everybody else who they are here. */
export function personRoutes(app: ChoraleApp, { people, admission, permit }: Options): void {
  app.get(
    '/persons/me',
    {
      schema: { summary: 'Whose token this is', bearer: 'person', response: { 200: Whoever }, problems: [401] },
      onRequest: permit('oversee', 'asking who one is'),
    },
    async (request) => actorOf(request),
  );

  app.get(
    '/persons',
    {
      schema: {
        summary: 'Persons who may do more than read, by name',
        bearer: 'operator',
        response: { 200: Persons },
        problems: [401, 403],
      },
      onRequest: permit('operate', 'listing persons'),
    },
    () => people.list(),
  );

  app.post(
    '/persons',
    {
      schema: {
        summary: 'Add a person; the answer alone has the token',
        bearer: 'operator',
        body: PersonToAdd,
        response: { 201: AddedPerson },
        problems: [401, 403, 409, 413, 415],
      },
      onRequest: [permit('operate', 'adding a person'), async () => admission.require()],
    },
    async (request, reply) => {
      const { name, role } = request.body;
      const { token } = await people.add({ name, role }, actorOf(request));
      return reply.code(201).header('cache-control', 'no-store').send({ name, role, token });
    },
  );

  app.delete(
    '/persons/:name',
    {
      schema: {
        summary: 'Remove a person: their token opens nothing from here on',
        bearer: 'operator',
        params: PersonParams,
        response: { 200: v.object({ name: v.string() }) },
        problems: [401, 403, 404],
      },
      onRequest: [permit('operate', 'removing a person'), async () => admission.require()],
    },
    async (request) => {
      const { name } = request.params;
      await people.remove(name, actorOf(request));
      return { name };
    },
  );
}
