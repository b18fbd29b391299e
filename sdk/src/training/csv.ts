import { ChoraleError } from '@chorale/protocol';
import { CsvError } from './csv-error.ts';
import type { Table } from './table.ts';

export type CsvOptions = {
  /** Called after each chunk; `totalBytes` is the whole file. */
  onProgress?: (progress: { readBytes: number; totalBytes: number }) => void;
  signal?: AbortSignal;
};

/**
 * Reads a CSV with a header line (RFC 4180; also LF alone, a byte-order mark, and `;` or tab between
 * cells where the header has more of them), chunk by chunk. Empty lines are skipped.
 * @throws CsvError for an empty file, text that is not UTF-8, a misplaced quote.
 */
export async function readCsv(source: Blob | string, { onProgress, signal }: CsvOptions = {}): Promise<Table> {
  const blob = typeof source === 'string' ? new Blob([source]) : source;
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const parser = new CsvParser();
  let readBytes = 0;
  const reader: ReadableStreamDefaultReader<Uint8Array> = blob.stream().getReader();
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { done, value } = await reader.read();
      parser.push(decode(decoder, value));
      if (done) break;
      readBytes += value.byteLength;
      onProgress?.({ readBytes, totalBytes: blob.size });
    }
  } catch (cause) {
    // A file that another program rewrites or removes while it is read.
    if (cause instanceof DOMException && cause.name === 'NotReadableError') {
      throw new ChoraleError('CSV_INVALID', 'the file could not be read', { cause });
    }
    throw cause;
  } finally {
    reader.releaseLock();
  }
  return parser.finish();
}

function decode(decoder: TextDecoder, bytes: Uint8Array | undefined): string {
  try {
    return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
  } catch {
    throw new CsvError([{ message: 'the text is not UTF-8: save the file as "CSV UTF-8"' }]);
  }
}

/** RFC 4180 as a state machine, so that a chunk may end anywhere, even between CR and LF or two quotes. */
class CsvParser {
  readonly #rows: string[][] = [];
  readonly #lines: number[] = [];
  #delimiter: string | undefined;
  #header = '';
  #cells: string[] = [];
  #cell = '';
  /** `closing` is after a quote inside a quoted cell: the end of the cell, or the first half of a doubled quote. */
  #state: 'start' | 'plain' | 'quoted' | 'closing' = 'start';
  #afterCarriageReturn = false;
  #line = 1;
  #rowLine = 1;

  push(text: string): void {
    let rest = text;
    if (this.#delimiter === undefined) {
      // The delimiter is known only once the whole header line is there.
      this.#header += text;
      if (!/[\r\n]/.test(this.#header)) return;
      rest = this.#chooseDelimiter();
    }
    for (const character of rest) this.#take(character);
  }

  finish(): Table {
    if (this.#delimiter === undefined) for (const character of this.#chooseDelimiter()) this.#take(character);
    if (this.#state === 'quoted')
      throw new CsvError([{ line: this.#rowLine, message: 'a quote is opened and never closed' }]);
    if (this.#state !== 'start' || this.#cells.length > 0) this.#endRow();
    const [columns, ...rows] = this.#rows;
    if (columns === undefined) throw new CsvError([{ message: 'the file is empty' }]);
    return { columns: columns.map((column) => column.trim()), rows, lines: this.#lines.slice(1) };
  }

  #chooseDelimiter(): string {
    const line = this.#header.replaceAll(/"[^"]*"/g, '').split(/[\r\n]/, 1)[0]!;
    const count = (delimiter: string): number => line.split(delimiter).length;
    this.#delimiter = [',', ';', '\t'].reduce((best, next) => (count(next) > count(best) ? next : best));
    return this.#header;
  }

  #take(character: string): void {
    const lineFeedOfPair = character === '\n' && this.#afterCarriageReturn;
    this.#afterCarriageReturn = character === '\r';
    const breaksLine = (character === '\n' && !lineFeedOfPair) || character === '\r';
    if (breaksLine) this.#line += 1;
    if (this.#state === 'quoted') {
      if (character === '"') this.#state = 'closing';
      else this.#cell += character;
      return;
    }
    if (character === '"') {
      if (this.#state === 'plain')
        throw new CsvError([{ line: this.#line, message: 'a quote inside a cell without quotes' }]);
      if (this.#state === 'closing') this.#cell += '"';
      this.#state = 'quoted';
    } else if (character === this.#delimiter) this.#endCell();
    else if (breaksLine) this.#endRow();
    else if (!lineFeedOfPair) {
      if (this.#state === 'closing') throw new CsvError([{ line: this.#line, message: 'text after a closing quote' }]);
      this.#state = 'plain';
      this.#cell += character;
    }
  }

  #endCell(): void {
    this.#cells.push(this.#cell);
    this.#cell = '';
    this.#state = 'start';
  }

  #endRow(): void {
    const empty = this.#cells.length === 0 && this.#state === 'start';
    if (!empty) {
      this.#endCell();
      this.#rows.push(this.#cells);
      this.#lines.push(this.#rowLine);
      this.#cells = [];
    }
    this.#rowLine = this.#line;
  }
}
