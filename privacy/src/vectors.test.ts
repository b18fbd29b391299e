import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const copies = new URL('../vectors/', import.meta.url);
const shared = new URL('../../../shared/privacy/vectors/', import.meta.url);

type Rows = Record<string, object[]>;
type Copy = { source: string; rows: Rows };

const parse = (folder: URL, file: string): unknown => JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
const committed = readdirSync(copies)
  .map((file) => ({ file, ...(parse(copies, file) as Copy) }))
  .filter(({ source }) => source.endsWith('.json'));

/** The sections that hold rows, by name; a section in a section is `outer.inner`. */
function sections(value: unknown, prefix = ''): Rows {
  const found: Rows = {};
  for (const [key, inner] of Object.entries(value as object)) {
    if (key === 'meta') continue;
    const name = prefix + key;
    if (Array.isArray(inner) && typeof inner[0] === 'object') found[name] = inner;
    else if (typeof inner === 'object' && inner !== null) Object.assign(found, sections(inner, `${name}.`));
  }
  return found;
}

const original = (source: string): Rows => {
  const text = parse(shared, source) as { rows?: object };
  return sections(text.rows ?? text);
};

/** Sections without a copy, and why: each pattern is that of one section. */
const notCovered: [section: RegExp, reason: string][] = [
  [/^accounting\.json: reference_library_\w+$/, 'defects of other libraries'],
  [/^accounting\.json: truncated_poisson_fixed_batch_pld$/, 'batches cut at a size are not shipped'],
  [/^ldp\.json: dbitflip$/, 'not shipped: subset selection has less error at every cell'],
  [/^ldp\.json: rappor$/, 'not shipped: its two stages waste what longitudinal randomized response keeps'],
  [/^ldp\.json: verification[.]library_\w+$/, 'defects of other libraries'],
  [/^ldp\.json: verification\.monte_carlo$/, 'simulations that the reference made of itself'],
  [/^ldp\.json: verification\.monte_carlo_2$/, 'simulations that the reference made of itself'],
  [/^ldp\.json: verification\.privunit_mc$/, 'simulations that the reference made of itself'],
];

describe.skipIf(!existsSync(shared))(
  'the committed copies (skipped where the originals are not beside the project)',
  () => {
    it.each(committed)('$file holds whole sections of $source', ({ source, rows }) => {
      const reference = original(source);
      for (const [name, copied] of Object.entries(rows)) {
        expect(reference, `section ${name}`).toHaveProperty([name]);
        expect(copied.length, `rows of ${name}`).toBe(reference[name]!.length);
        copied.forEach((row, index) => expect(reference[name]![index]).toMatchObject(row));
      }
    });

    it('leave out no section without a reason', () => {
      const covered = new Set(
        committed.flatMap(({ source, rows }) => Object.keys(rows).map((name) => `${source}: ${name}`)),
      );
      const all = ['accounting.json', 'ldp.json', 'mf_audit.json'].flatMap((source) =>
        Object.keys(original(source)).map((name) => `${source}: ${name}`),
      );
      const left = all.filter((name) => !covered.has(name));
      const reasons = left.map((name) => notCovered.findIndex(([section]) => section.test(name)));
      expect(reasons.toSorted((a, b) => a - b)).toEqual(notCovered.map((_, i) => i));
    });
  },
);
