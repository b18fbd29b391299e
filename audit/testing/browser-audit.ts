/** What the audit in browsers loads: the audits, and the library that they audit. */
export * from '../src/index.ts';
export * from '@chorale/privacy';
export * from '@chorale/privacy/forecast';
export * from '@chorale/privacy/updates';
