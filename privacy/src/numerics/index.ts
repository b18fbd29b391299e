export { betaCdf } from './beta-distribution.ts';
export { fractionOfDouble } from './exponential.ts';
export { normalCdf, normalQuantile } from './normal-distribution.ts';
