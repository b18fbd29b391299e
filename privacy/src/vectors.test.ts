import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import accounting from '../vectors/accounting.json' with { type: 'json' };
import ldp from '../vectors/ldp.json' with { type: 'json' };

const shared = new URL('../../../shared/privacy/vectors/', import.meta.url);
const read = (file: string): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL(file, shared), 'utf8')) as Record<string, unknown>;

describe.skipIf(!existsSync(shared))(
  'the committed copies (skipped where the originals are not beside the project)',
  () => {
    it('hold the figures of the shared accounting vectors', () => {
      const { rows } = read('accounting.json') as { rows: Record<string, object[]> };
      for (const [name, copied] of Object.entries(accounting.rows)) expect(rows[name]).toMatchObject(copied);
    });

    it('hold the figures of the shared local mechanisms', () => {
      const original = read('ldp.json') as {
        frequency: { mechanism: string }[];
        ci_vectors: object[];
        postprocessing: object[];
      };
      const grr = original.frequency.filter(({ mechanism }) => mechanism === 'grr' || mechanism === 'warner_rr');
      expect(grr).toMatchObject(ldp.frequency);
      expect(original.ci_vectors).toMatchObject(ldp.ci_vectors);
      expect(original.postprocessing).toMatchObject(ldp.postprocessing);
    });
  },
);
