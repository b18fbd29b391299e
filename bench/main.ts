import { benchLocalRound } from './local-round.ts';
import { benchPrivacy } from './privacy.ts';
import { benchSamplers } from './samplers.ts';

// `npm run bench`: figures of this machine, side by side in one run; compare ratios, not times.
// Names of parts may follow: `npm run bench -- privacy`.
const parts: Record<string, () => Promise<void>> = {
  samplers: benchSamplers,
  privacy: benchPrivacy,
  'local-round': benchLocalRound,
};
const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in parts));
if (unknown !== undefined) {
  console.error(`bench: no part ${unknown}; there are ${Object.keys(parts).join(', ')}`);
  process.exit(2);
}
for (const [name, run] of Object.entries(parts)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  await run();
  console.log();
}
