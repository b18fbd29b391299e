import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtAudit } from '../../audit/testing/built-audit.ts';
import * as privacyInNode from '../../audit/testing/browser-audit.ts';
import { launchBrowser } from '../browsers.ts';
import { findFirefox, Firefox } from '../firefox.ts';

type Privacy = typeof privacyInNode;
type Case = { name: string; options: number; epsilon: number };

/** Every mechanism, where it takes few draws to show what it loses. */
const cases: Case[] = [
  { name: 'randomized-response', options: 4, epsilon: 2 },
  { name: 'subset-selection', options: 7, epsilon: 1 },
  { name: 'optimized-unary-encoding', options: 4, epsilon: 2 },
  { name: 'optimal-local-hashing', options: 5, epsilon: 2 },
  // Duchi's mechanism and the hybrid.
  { name: 'numeric-mean', options: 2, epsilon: 0.6 },
  { name: 'numeric-mean', options: 2, epsilon: 3 },
  { name: 'square-wave', options: 11, epsilon: 2 },
  { name: 'longitudinal-randomized-response', options: 4, epsilon: 3 },
  { name: 'loloha', options: 5, epsilon: 4 },
  { name: 'discrete-laplace', options: 2, epsilon: 1 },
  { name: 'privunit2', options: 3, epsilon: 4 },
];

// All audits of both browsers together claim too much with a probability of at most 1e-6.
const confidence = 1 - 1e-6 / (2 * cases.length);

/*
 * The functions below run in Node and, by their source, in the pages: they use nothing from around them.
 */

/** Audits each case with the platform's own randomness. */
function auditAll(privacy: Privacy, all: Case[], each: number) {
  return all.map(({ name, options, epsilon }) => {
    const subject = privacy.auditedMechanism({ name, options, epsilon });
    const audit = privacy.auditMechanism({ ...subject, epsilon, confidence: each });
    const { channel } = subject;
    const exact = channel === null ? null : privacy.auditChannel(channel, { epsilon });
    return { mechanism: subject.mechanism, audit, exact };
  });
}

/** A hash of all integer weights of all channels over a grid, and of what integers other mechanisms toss coins with. */
async function weightsDigest(privacy: Privacy): Promise<string> {
  const weights: string[] = [];
  for (const epsilon of [0.1, 0.5, 1, 2.5, 6, 12]) {
    const channels = [
      ...[2, 5, 11].map((options) => privacy.randomizedResponse({ options, epsilon })),
      ...[5, 8].map((options) => privacy.subsetSelection({ options, epsilon })),
      privacy.numericMean({ epsilon }),
      ...['square-wave', 'longitudinal-randomized-response', 'loloha'].map(
        (name) => privacy.auditedMechanism({ name, options: 9, epsilon }).channel!,
      ),
    ];
    for (const channel of channels) {
      for (let input = 0; input < channel.inputs; input += 1) {
        for (let output = 0; output < channel.outputs; output += 1) weights.push(`${channel.weight(input, output)}`);
      }
    }
    const vectors = privacy.privUnit({ dimension: 20, epsilon, clippingNorm: 1 });
    weights.push(`${vectors.capWeight} of ${vectors.capSize} of ${vectors.candidates}`);
    // Rounded up to the last place of a double, without the platform's logarithm.
    weights.push(`${privacy.unaryEncoding({ options: 4, epsilon }).realizedEpsilon}`);
    weights.push(`${privacy.localHashing({ options: 4, epsilon }).realizedEpsilon}`);
  }
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(weights.join()));
  return `${weights.length} ${Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** An expression that loads the package in a page and gives what a function makes of it, as JSON. */
function inPage(work: (privacy: Privacy, ...rest: never[]) => unknown, ...rest: unknown[]): string {
  const rests = rest.map((value) => `, ${JSON.stringify(value)}`).join('');
  return `import('/privacy.js').then(async (privacy) => JSON.stringify(await (${work.toString()})(privacy${rests})))`;
}

let code: string;
let server: Server;
let url: string;

beforeAll(async () => {
  code = await builtAudit();
  server = createServer(({ url: path }, response) => {
    const isScript = path === '/privacy.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? code : '<!doctype html><title>Audit</title>');
  }).listen(0, 'localhost');
  await once(server, 'listening');
  url = `http://localhost:${(server.address() as AddressInfo).port}/`;
});

afterAll(() => server.close());

async function expectSound(evaluate: (expression: string) => Promise<string>): Promise<void> {
  expect(JSON.parse(await evaluate(inPage(weightsDigest)))).toBe(await weightsDigest(privacyInNode));
  const audits: ReturnType<typeof auditAll> = JSON.parse(await evaluate(inPage(auditAll, cases, confidence)));
  expect(audits.length).toBe(cases.length);
  for (const { mechanism, audit, exact } of audits) {
    // What a number is says more than that it failed.
    expect({ mechanism, ...audit }).toMatchObject({ mechanism, passed: true, confidence });
    if (exact !== null) expect({ mechanism, ...exact }).toMatchObject({ mechanism, failures: [] });
  }
  expect(new Set(audits.map(({ audit }) => audit.epsilonLowerBound)).size).toBe(cases.length);
}

test('the built package holds no Math.random', () => {
  expect(code).not.toMatch(/Math\s*(\?\.|\.|(\?\.)?\[\s*["'`])\s*random/);
});

test('in Chromium the built package has the weights that Node has, and every mechanism loses what it claims', async () => {
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    await page.goto(url);
    await expectSound(async (expression) => page.evaluate(expression));
  } finally {
    await browser.close();
  }
});

test('in Chromium nothing is reported where there is no randomness', async () => {
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    await page.addInitScript('crypto.getRandomValues = (words) => words.fill(7)');
    await page.goto(url);
    const attempt = (privacy: Privacy): string => {
      try {
        return `reported ${privacy.randomizedResponse({ options: 3, epsilon: 1 }).privatize(0)}`;
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    expect(JSON.parse(await page.evaluate(inPage(attempt)))).toBe('SECURE_RANDOM_UNAVAILABLE');
  } finally {
    await browser.close();
  }
});

describe('Firefox', () => {
  const path = findFirefox();

  test('has the weights that Node has, and every mechanism loses what it claims', async ({ skip }) => {
    if (path === null) {
      const reason = 'no Firefox is installed: the audit ran in Chromium alone';
      process.stderr.write(`${reason}\n`);
      skip(reason);
      return;
    }
    const firefox = await Firefox.launch(path);
    try {
      await firefox.open(url);
      await expectSound(async (expression) => firefox.evaluate(expression));
    } finally {
      await firefox.close();
    }
  });
});
