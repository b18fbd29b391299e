import type { Manifest } from '@chorale/protocol';
import { html, type TemplateResult } from 'lit';
import { changesOnly, diffLines } from './manifest-diff.ts';

const SIGNS = { same: ' ', removed: '−', added: '+' };

/** A manifest laid out for people; keys are in the order in which it came. */
export function laidOut(manifest: Manifest): string {
  return JSON.stringify(manifest, null, 2);
}

/** What a manifest changes of another: of the wave before, say. */
export function diffView(before: Manifest, after: Manifest): TemplateResult {
  const lines = diffLines(laidOut(sorted(before)).split('\n'), laidOut(sorted(after)).split('\n'));
  const count = (wanted: 'removed' | 'added'): number => lines.filter(({ kind }) => kind === wanted).length;
  return html`
    <p class="small soft">${count('removed')} lines removed, ${count('added')} added.</p>
    <pre class="code" tabindex="0" aria-label="What changed">
${changesOnly(lines).map((line) =>
  line.kind === 'gap'
    ? html`<span class="gap"> … ${line.lines} lines the same </span>`
    : html`<span class=${line.kind}>${SIGNS[line.kind]} ${line.text} </span>`,
)}</pre>
  `;
}

/** With the keys of every object in order, so that only what differs in meaning differs in text. */
function sorted<T>(value: T): T {
  if (Array.isArray(value)) return value.map(sorted) as T;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => a.localeCompare(b));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)])) as T;
}
