import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { CsvError } from './csv-error.ts';
import { readCsv } from './csv.ts';

test.each([
  ['LF', 'a,b\n1,2\n3,4\n'],
  ['CRLF', 'a,b\r\n1,2\r\n3,4\r\n'],
  ['CR', 'a,b\r1,2\r3,4'],
  ['no end of the last line', 'a,b\n1,2\n3,4'],
  ['empty lines', '\na,b\n\n1,2\n\n\n3,4\n\n'],
  ['semicolons', 'a;b\n1;2\n3;4'],
  ['tabs', 'a\tb\n1\t2\n3\t4'],
  ['a byte-order mark', '\uFEFFa,b\n1,2\n3,4'],
  ['quotes that are not needed', '"a","b"\n"1","2"\n"3","4"'],
  ['spaces around column names', ' a , b\n1,2\n3,4'],
])('reads a table with %s', async (_, text) => {
  expect(await readCsv(text)).toMatchObject({
    columns: ['a', 'b'],
    rows: [
      ['1', '2'],
      ['3', '4'],
    ],
  });
});

test('quoted cells hold delimiters, line ends and doubled quotes, and rows know their lines', async () => {
  const table = await readCsv('name,note\r\n"Doe, J","says ""hi""\r\ntwice"\r\nRoe,""\r\n');
  expect(table.rows).toEqual([
    ['Doe, J', 'says "hi"\r\ntwice'],
    ['Roe', ''],
  ]);
  expect(table.lines).toEqual([2, 4]);
});

test('a comma inside a quoted name does not make commas the delimiter', async () => {
  expect((await readCsv('"a,b,c";d\n1;2')).columns).toEqual(['a,b,c', 'd']);
});

test('whatever cells hold comes back, wherever the chunks of the file end', async () => {
  const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', ';', '\n', '\r', 'é', '😀', ' '), maxLength: 6 });
  const rows = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(
      rows,
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.integer({ min: 1, max: 9 }),
      async (expected, end, chunk) => {
        const lines = expected.map((cells) => cells.map((c) => `"${c.replaceAll('"', '""')}"`).join(','));
        const bytes = new TextEncoder().encode(['"x",y', ...lines].join(end));
        // A blob is streamed part by part, so that an end may fall within a pair of quotes or a character.
        const parts = Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, i) =>
          bytes.subarray(i * chunk, (i + 1) * chunk),
        );
        expect(await readCsv(new Blob(parts))).toMatchObject({ columns: ['x', 'y'], rows: expected });
      },
    ),
    { numRuns: 300 },
  );
});

test('progress counts bytes up to the whole file', async () => {
  const blob = new Blob(['column\n', 'é\n'.repeat(1000), 'x\n'.repeat(1000)]);
  const seen: number[] = [];
  await readCsv(blob, {
    onProgress: ({ readBytes, totalBytes }) => {
      expect(totalBytes).toBe(blob.size);
      seen.push(readBytes);
    },
  });
  expect(seen.length).toBeGreaterThan(2);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(seen.at(-1)).toBe(blob.size);
});

test.each([
  ['', 'the file is empty'],
  ['\n\n', 'the file is empty'],
  ['a,b\n1,"2\n3,4', 'line 2: a quote is opened and never closed'],
  ['a,b\n1,2"x"\n', 'line 2: a quote inside a cell without quotes'],
  ['a,b\n1,"2"x\n', 'line 2: text after a closing quote'],
])('%j is refused: %s', async (text, message) => {
  const error = await readCsv(text).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CsvError);
  expect(error).toMatchObject({ code: 'CSV_INVALID', message });
});

test('text that is not UTF-8 is refused', async () => {
  const latin1 = new Blob(['name\n', new Uint8Array([0x4d, 0xfc, 0x6c, 0x6c]), '\n']);
  await expect(readCsv(latin1)).rejects.toThrow('not UTF-8');
});

test('a reader can be aborted', async () => {
  const controller = new AbortController();
  const reading = readCsv(new Blob(['column\n', 'x\n', 'x\n']), {
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
});
