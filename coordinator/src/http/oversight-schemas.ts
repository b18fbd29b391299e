import {
  type Actor,
  type Draft,
  type LogActor,
  type LogEntry,
  type LogHead,
  logActions,
  Manifest,
  type Person,
  roles,
} from '@chorale/protocol';
import * as v from 'valibot';

const Text = v.string();
const Count = v.pipe(v.number(), v.integer(), v.minValue(0));
const Role = v.picklist(roles);

export const PersonToAdd = v.strictObject({ name: Text, role: Role });
/** The only time that the token is said. */
export const AddedPerson = v.object({ name: Text, role: Role, token: Text });
export const Persons = v.array(v.object({ name: Text, role: Role, addedAt: Text })) satisfies v.GenericSchema<Person[]>;

export const Whoever = v.variant('type', [
  v.object({ type: v.literal('person'), name: Text, role: Role }),
  v.object({ type: v.literal('operator') }),
  v.object({ type: v.literal('coordinator') }),
]) satisfies v.GenericSchema<Actor>;
const Logged = v.variant('type', [
  ...Whoever.options,
  v.object({ type: v.literal('public') }),
]) satisfies v.GenericSchema<LogActor>;

export const DraftAnswer = v.object({
  hash: Text,
  manifest: Manifest,
  proposer: Text,
  proposedAt: Text,
  approval: v.nullable(v.object({ approver: Text, at: Text })),
}) satisfies v.GenericSchema<unknown, Draft>;
export const Drafts = v.array(DraftAnswer);

/** What a decision is about: the manifest of this hash, and no other. */
export const Decision = v.strictObject({ manifest: v.pipe(v.string(), v.regex(/^sha256-[A-Za-z0-9+/]{43}=$/)) });

export const ProposalOutcome = v.object({
  study: Text,
  manifest: Text,
  outcome: v.picklist(['created', 'changed', 'unchanged']),
});
export const DecisionOutcome = v.object({ study: Text, manifest: Text });
export const EndOutcome = v.object({ study: Text, outcome: v.picklist(['closed', 'purged', 'unchanged']) });

export const Head = v.object({ sequence: Count, hash: v.nullable(Text) }) satisfies v.GenericSchema<LogHead>;
export const Entries = v.array(
  v.object({
    sequence: Count,
    previous: v.nullable(Text),
    at: Text,
    actor: Logged,
    action: v.picklist(logActions),
    subject: Text,
    details: v.record(Text, v.union([Text, v.number(), v.boolean()])),
    hash: Text,
  }),
) satisfies v.GenericSchema<unknown, LogEntry[]>;
