import { benchLocalRound } from './local-round.ts';
import { benchSamplers } from './samplers.ts';

// `npm run bench`: figures of this machine, side by side in one run; compare ratios, not times.
await benchSamplers();
console.log();
await benchLocalRound();
