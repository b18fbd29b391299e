/** All entries in one, for the audit in browsers and for the size of the whole. */
export * from '../src/audit/index.ts';
export * from '../src/forecast/index.ts';
export * from '../src/index.ts';
export * from '../src/updates/index.ts';
