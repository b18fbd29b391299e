import { describe, expect, it } from 'vitest';
import { readStartSettings, startSettings } from './start-settings.ts';

const settings = Object.entries(startSettings);

describe('settings of chorale start', () => {
  it('have a flag and a variable each, all different', () => {
    expect(new Set(settings.map(([, { flag }]) => flag.split(' ')[0])).size).toBe(settings.length);
    expect(new Set(settings.map(([, { env }]) => env)).size).toBe(settings.length);
    for (const [name, { env, flag }] of settings) {
      expect(flag, name).toMatch(/^--[a-z-]+( <[A-Z]+>)?$/);
      expect(env, name).toMatch(/^[A-Z_]+$/);
    }
  });

  it('are what the flag says, else the variable, else the default', () => {
    expect(readStartSettings({}, {}).port).toBe(8787);
    expect(readStartSettings({}, { PORT: '' }).port).toBe(8787);
    expect(readStartSettings({}, { PORT: '1' }).port).toBe(1);
    expect(readStartSettings({ port: '2' }, { PORT: '1' }).port).toBe(2);
    expect(readStartSettings({ drainTimeout: '5' }, {}).drainTimeoutMs).toBe(5);
    expect(readStartSettings({ metricsPublic: true }, { METRICS_PUBLIC: 'false' }).metricsPublic).toBe(true);
    expect(readStartSettings({}, { POLLING: 'no' }).polling).toBe(false);
    expect(readStartSettings({}, { ALLOWED_ORIGINS: '*' }).allowedOrigins).toBe(null);
    expect(readStartSettings({}, { ALLOWED_ORIGINS: 'https://a.example,http://b:81' }).allowedOrigins).toEqual([
      'https://a.example',
      'http://b:81',
    ]);
  });

  it.each([
    ['PORT', 'many', 'PORT must be a whole number, got many'],
    ['PORT', '70000', 'PORT must be in [0, 65535], got 70000'],
    ['TRUST_PROXY', '1.5', 'TRUST_PROXY must be a whole number, got 1.5'],
    ['CONNECTION_RATE', '-1', 'CONNECTION_RATE must be at least 0, got -1'],
    ['MAX_CONNECTIONS', '0', 'MAX_CONNECTIONS must be at least 1, got 0'],
    ['LOG_LEVEL', 'loud', /^LOG_LEVEL must be one of fatal, .* got loud$/],
    ['METRICS_PUBLIC', 'perhaps', 'METRICS_PUBLIC must be true or false, got perhaps'],
    ['ALLOWED_ORIGINS', 'https://a.example/path', /^ALLOWED_ORIGINS must be \* or origins/],
    ['DRAIN_TIMEOUT_MS', ' ', /^DRAIN_TIMEOUT_MS must be a whole number/],
    // What was given may be a secret, wrong as it is.
    ['OPERATOR_TOKEN', 'short-secret', /^OPERATOR_TOKEN must be 32 or more of [^,]+$/],
    ['DATABASE_URL', 'mysql://u:secret@h/d', 'DATABASE_URL must be a postgres:// URL'],
  ])('refuse %s=%s in one line', (env, value, message) => {
    expect(() => readStartSettings({}, { [env]: value })).toThrow(message);
    expect(() => readStartSettings({}, { [env]: value })).not.toThrow('secret,');
  });
});
