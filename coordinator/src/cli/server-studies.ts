import {
  ChoraleError,
  type ErrorCode,
  type Manifest,
  type LogEntry,
  type ModelCard,
  parseManifest,
  type Person,
  type Role,
  type StudySummary,
  type SurveyResults,
  type TrainingRounds,
} from '@chorale/protocol';
import * as v from 'valibot';
import type { ExportRequest } from '../oversight/exports.ts';
import type { RoundLog } from '../rounds/verify-rounds.ts';
import { UsageError } from './command-errors.ts';
import type { PutOutcome, StudySource } from './study-source.ts';

const Problem = v.object({ code: v.custom<ErrorCode>((code) => typeof code === 'string'), detail: v.string() });

/** Studies of a running server. Its answers are only printed, so beyond being objects they are taken as they are. */
export class ServerStudies implements StudySource {
  readonly readsLog: boolean;
  readonly #url: string;
  readonly #operatorToken: string | undefined;

  constructor({ url, operatorToken }: { url: string; operatorToken: string | undefined }) {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
      throw new UsageError(`--server must be an http URL, got ${url}`);
    this.#url = url;
    this.#operatorToken = operatorToken;
    this.readsLog = operatorToken !== undefined;
  }

  list(): Promise<StudySummary[]> {
    return this.#ask('api/v1/studies');
  }

  results(study: string): Promise<SurveyResults> {
    return this.#ask(`api/v1/studies/${encodeURIComponent(study)}/results`);
  }

  /** As the very bytes that the server logged, in the operator's name where their token is known. */
  async export({ kind, id, format }: ExportRequest): Promise<string> {
    const name = encodeURIComponent(id);
    const folder = { study: `studies/${name}`, drivers: `studies/${name}/drivers`, series: `series/${name}` }[kind];
    const headers: HeadersInit =
      this.#operatorToken === undefined ? {} : { authorization: `Bearer ${this.#operatorToken}` };
    const response = await this.#fetch(`api/v1/${folder}/export.${format}`, { headers });
    if (!response.ok) throw this.#refusal(response, await response.json().catch(() => null));
    return response.text();
  }

  async roundLog(study: string): Promise<RoundLog> {
    const path = `api/v1/studies/${encodeURIComponent(study)}`;
    const manifest = parseManifest(await this.#ask<object>(path));
    const { training } = manifest;
    if (training === undefined) throw new ChoraleError('TRAINING_ABSENT', `study ${study} has no training`);
    const rounds = () => this.#ask<TrainingRounds>(`${path}/rounds`);
    // A round that is committed meanwhile would make the log and the model look as if they did not fit.
    for (let before = await rounds(); ;) {
      const modelRound = await this.#modelRound(path);
      const after = await rounds();
      if (before.committedRounds === after.committedRounds) {
        return { manifest: { ...manifest, training }, rounds: after, modelRound };
      }
      before = after;
    }
  }

  async #modelRound(path: string): Promise<number | null> {
    try {
      return (await this.#ask<ModelCard>(`${path}/model/card`)).modelRound;
    } catch (error) {
      if (error instanceof ChoraleError && error.code === 'TRAINING_ABSENT') return null;
      throw error;
    }
  }

  put(manifest: Manifest): Promise<PutOutcome> {
    return this.#tell('POST', 'api/v1/studies', 'publishing to a server', manifest);
  }

  async closeStudy(study: string): Promise<void> {
    await this.#tell('POST', `api/v1/studies/${encodeURIComponent(study)}/close`, 'closing a study');
  }

  async purgeStudy(study: string): Promise<void> {
    await this.#tell('POST', `api/v1/studies/${encodeURIComponent(study)}/purge`, 'deleting reports');
  }

  addPerson(person: { name: string; role: Role }): Promise<{ token: string }> {
    return this.#tell('POST', 'api/v1/persons', 'adding a person', person);
  }

  async removePerson(name: string): Promise<void> {
    await this.#tell('DELETE', `api/v1/persons/${encodeURIComponent(name)}`, 'removing a person');
  }

  listPersons(): Promise<Person[]> {
    return this.#tell('GET', 'api/v1/persons', 'listing persons');
  }

  readLog({ after, limit }: { after: number; limit: number }): Promise<LogEntry[]> {
    return this.#tell('GET', `api/v1/log?after=${after}&limit=${limit}`, 'reading the log');
  }

  async close(): Promise<void> {
    // Every request has a connection of its own.
  }

  /** A request that is the operator's. @throws UsageError without their token */
  #tell<T extends object>(method: string, path: string, doing: string, body?: object): Promise<T> {
    if (this.#operatorToken === undefined) {
      throw new UsageError(`${doing} needs its operator token in CHORALE_OPERATOR_TOKEN`);
    }
    const authorization = `Bearer ${this.#operatorToken}`;
    if (body === undefined) return this.#ask(path, { method, headers: { authorization } });
    return this.#ask(path, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  async #ask<T extends object>(path: string, request: RequestInit = {}): Promise<T> {
    const answer = v.custom<T>((given) => typeof given === 'object' && given !== null);
    const response = await this.#fetch(path, request);
    const body: unknown = await response.json().catch(() => null);
    if (response.ok && v.is(answer, body)) return body;
    throw this.#refusal(response, body);
  }

  #fetch(path: string, request: RequestInit): Promise<Response> {
    const base = this.#url.endsWith('/') ? this.#url : `${this.#url}/`;
    return fetch(new URL(path, base), request).catch((cause: unknown) => {
      throw new ChoraleError('CONNECTION_LOST', `no server answers at ${this.#url}`, { cause });
    });
  }

  #refusal({ status }: Response, body: unknown): ChoraleError {
    const problem = v.safeParse(Problem, body);
    if (problem.success) return new ChoraleError(problem.output.code, problem.output.detail);
    return new ChoraleError('INTERNAL', `${this.#url} is not a coordinator (status ${status})`);
  }
}
