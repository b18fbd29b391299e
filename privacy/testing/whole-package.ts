/** All entries in one, as `package.json` lists them; its bundle is what the size limit measures. */
export * from '../src/index.ts';
export * from '../src/forecast/index.ts';
export * from '../src/numerics/index.ts';
export * from '../src/updates/index.ts';
