import { nodeDefaults } from '../operations/node-settings.ts';
import { WINDOW_SECONDS } from '../operations/rate-limits.ts';
import { readSetting } from './setting.ts';

type Reject = (rule: string) => never;

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

/** All that `chorale start` can be told by a flag or by the environment. */
export const startSettings = {
  port: setting('--port <PORT>', 'PORT', {
    description: 'port to listen on; 0 takes a free one',
    otherwise: '8787',
    fallback: 8787,
    read: wholeNumber(0, 65_535),
  }),
  host: setting('--host <HOST>', 'HOST', {
    description: 'address to listen on; 0.0.0.0 is all',
    otherwise: 'localhost',
    fallback: 'localhost',
    read: (text) => text,
  }),
  data: setting('--data <DIR>', 'DATA_DIR', {
    description: 'data folder, made when there is none',
    otherwise: './data',
    fallback: 'data',
    read: (text) => text,
  }),
  sdk: setting('--sdk <DIR>', 'SDK_DIR', {
    description: 'serve the browser SDK that is built in this folder, under /sdk/',
    otherwise: 'not served',
    fallback: null,
    read: (text) => text,
  }),
  databaseUrl: setting('--database-url <URL>', 'DATABASE_URL', {
    description: 'Postgres database, which several nodes may share; better given by the variable',
    otherwise: 'SQLite in the data folder',
    fallback: null,
    read: (text, reject) => (/^postgres(ql)?:\/\/./.test(text) ? text : reject('a postgres:// URL')),
  }),
  logLevel: setting('--log-level <LEVEL>', 'LOG_LEVEL', {
    description: `least important of what is logged: ${LOG_LEVELS.join(', ')}`,
    otherwise: 'warn',
    fallback: 'warn',
    read: (text, reject) => (LOG_LEVELS.includes(text) ? text : reject(`one of ${LOG_LEVELS.join(', ')}`)),
  }),
  operatorToken: setting('--operator-token <TOKEN>', 'OPERATOR_TOKEN', {
    description:
      'who holds it may publish studies, read metrics, take a backup and add persons; better given by the variable',
    otherwise: 'made at the first start, and in server.json of the data folder',
    fallback: nodeDefaults.operatorToken,
    read: (text, reject) => (/^[\w.~+/=-]{32,}$/.test(text) ? text : reject('32 or more of A-Z a-z 0-9 . _ ~ + / = -')),
  }),
  requireApproval: setting('--require-approval', 'CHORALE_REQUIRE_APPROVAL', {
    description: 'publish only studies that a second person has approved: no others by --study or the operator token',
    otherwise: 'false',
    fallback: false,
    read: yesOrNo,
  }),
  retentionDays: setting('--retention-days <DAYS>', 'CHORALE_RETENTION_DAYS', {
    description: 'delete the raw reports of a study at most so many days after it was closed; results stay',
    otherwise: 'as the study says; where it says nothing, kept until somebody deletes them',
    fallback: null,
    read: wholeNumber(0, 36_500),
  }),
  allowedOrigins: setting('--allowed-origins <LIST>', 'ALLOWED_ORIGINS', {
    description: 'origins whose pages may use this node, with commas between them; * is all',
    otherwise: '*',
    fallback: nodeDefaults.allowedOrigins,
    read: origins,
  }),
  connectionRate: setting('--connection-rate <N>', 'CONNECTION_RATE', {
    description: `most requests of one socket connection in ${WINDOW_SECONDS} seconds; 0 is no limit`,
    otherwise: String(nodeDefaults.rateLimits.perConnection),
    fallback: nodeDefaults.rateLimits.perConnection,
    read: wholeNumber(0),
  }),
  addressRate: setting('--address-rate <N>', 'ADDRESS_RATE', {
    description: `most requests of one address in ${WINDOW_SECONDS} seconds; 0 is no limit`,
    otherwise: String(nodeDefaults.rateLimits.perAddress),
    fallback: nodeDefaults.rateLimits.perAddress,
    read: wholeNumber(0),
  }),
  maxConnections: setting('--max-connections <N>', 'MAX_CONNECTIONS', {
    description: 'most socket connections at a time',
    otherwise: String(nodeDefaults.maxConnections),
    fallback: nodeDefaults.maxConnections,
    read: wholeNumber(1),
  }),
  proxies: setting('--trust-proxy <N>', 'TRUST_PROXY', {
    description: 'proxies that every request passes and that write x-forwarded-for',
    otherwise: '0',
    fallback: nodeDefaults.proxies,
    read: wholeNumber(0, 10),
  }),
  polling: setting('--polling <YES>', 'POLLING', {
    description: 'let clients without WebSockets poll; behind several nodes only with sticky sessions',
    otherwise: 'true on SQLite, false on Postgres',
    fallback: null,
    read: yesOrNo,
  }),
  metricsPublic: setting('--metrics-public', 'METRICS_PUBLIC', {
    description: 'let everybody read /metrics, without the operator token',
    otherwise: 'false',
    fallback: nodeDefaults.metricsPublic,
    read: yesOrNo,
  }),
  requestTimeoutMs: setting('--request-timeout <MS>', 'REQUEST_TIMEOUT_MS', {
    description: 'longest time to send a whole request, in milliseconds',
    otherwise: String(nodeDefaults.requestTimeoutMs),
    fallback: nodeDefaults.requestTimeoutMs,
    read: wholeNumber(100, 3_600_000),
  }),
  drainTimeoutMs: setting('--drain-timeout <MS>', 'DRAIN_TIMEOUT_MS', {
    description: 'longest time that open rounds may hold up a stop, in milliseconds',
    otherwise: '10000',
    fallback: 10_000,
    read: wholeNumber(0, 3_600_000),
  }),
};

type Settings = typeof startSettings;
export type StartSettings = {
  [Name in keyof Settings]: ReturnType<Settings[Name]['read']> | Settings[Name]['fallback'];
};

/** Flags as commander names them; a switch is `true`. */
export type StartFlags = Partial<Record<string, string | true>>;

/** @throws UsageError for the first that is wrong. */
export function readStartSettings(flags: StartFlags, environment: NodeJS.ProcessEnv): StartSettings {
  const entries = Object.entries(startSettings).map(([name, one]) => {
    return [name, readSetting<unknown>(one, flags[flagName(one.flag)], environment)];
  });
  return Object.fromEntries(entries) as StartSettings;
}

/** `drainTimeout` of `--drain-timeout <MS>`. */
function flagName(flag: string): string {
  return flag
    .split(' ')[0]!
    .slice(2)
    .replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function setting<T, F>(
  flag: string,
  env: string,
  rest: { description: string; otherwise: string; fallback: F; read: (text: string, reject: Reject) => T },
): { flag: string; env: string; description: string; otherwise: string; fallback: F; read: typeof rest.read } {
  return { flag, env, ...rest };
}

function wholeNumber(minimum: number, maximum = Number.MAX_SAFE_INTEGER): (text: string, reject: Reject) => number {
  return (text, reject) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(value)) return reject('a whole number');
    if (value >= minimum && value <= maximum) return value;
    return reject(maximum === Number.MAX_SAFE_INTEGER ? `at least ${minimum}` : `in [${minimum}, ${maximum}]`);
  };
}

function yesOrNo(text: string, reject: Reject): boolean {
  if (/^(true|yes|1)$/i.test(text)) return true;
  return /^(false|no|0)$/i.test(text) ? false : reject('true or false');
}

function origins(text: string, reject: Reject): readonly string[] | null {
  const list = text.split(',').map((one) => one.trim());
  if (list.includes('*')) return null;
  return list.every(isOrigin) ? list : reject('* or origins such as https://hr.example');
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}
