export { clippingNormOf } from './adaptive-clipping.ts';
export * from './client-algorithm.ts';
export * from './local-steps.ts';
export * from './server-rule.ts';
