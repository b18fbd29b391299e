import type { LogEntry } from '@chorale/protocol';
import { drivenQuestions } from '../surveys/driven-questions.ts';
import { FEWEST_RESPONDENTS } from '../surveys/drivers.ts';
import { auditSection } from './audit-section.ts';
import type { EvidenceFacts } from './evidence.ts';
import { type Markup, markup } from './markup.ts';
import { mechanismTable } from './mechanism-table.ts';

/**
 * One HTML file that needs nothing else: the answers to what NIST SP 800-226, Guidelines for Evaluating Differential Privacy
 * Guarantees, asks of a deployment, from this study's manifest and log. Fit to be printed.
 */
export function evidencePack(facts: EvidenceFacts): string {
  const { study, state, at } = facts;
  const { manifest, hash } = study;
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Evidence: ${manifest.title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Evidence for “${manifest.title}”</h1>
<p>Made on ${at} by the coordinator, of study <code>${manifest.id}</code>, published on ${study.publishedAt} and now
<strong>${state}</strong>. ${manifest.simulated ? 'Its answers are made up.' : ''} It answers what NIST SP 800-226 asks of a
deployment of differential privacy. Numbers are of the manifest whose SHA-256 is <code>${hash}</code>.</p>
${guarantee(facts)}
${mechanisms(facts)}
${publishing(facts)}
${limits()}
${log(facts)}
<h2>The exact manifest</h2>
<pre>${JSON.stringify(manifest, null, 2)}</pre>
</main>
</body>
</html>
`.text;
}

function guarantee({ study, spent }: EvidenceFacts): Markup {
  const { manifest, channels } = study;
  const { survey, training } = manifest;
  const rows: [string, string | Markup][] = [
    [
      'Unit of privacy',
      'One employee with their whole record. A site’s own contribution to training is a second unit.',
    ],
    ['Neighbouring relation', 'Replace one: the record of one employee becomes any other record, be it an empty one.'],
    [
      'Trust model',
      'Local: answers are randomized on the employee’s device, and updates of training are noised where they are made. The coordinator, its operator and its database are trusted with nothing but what was randomized. Trusted is the code that the page serves, and the device.',
    ],
    ...(survey === undefined || channels === null
      ? []
      : ([
          [
            'Epsilon of the survey',
            `at most ${survey.epsilon}; ${channels.realizedEpsilon} at the integer probabilities that are drawn from. Delta is 0.`,
          ],
          [
            'Composition in the survey',
            `Each device draws ${channels.questionsPerDevice} of ${survey.questions.length} questions, whatever the answers are, and answers each at epsilon ${channels.epsilonPerQuestion}; these add up. A participant counts once, and the same answer to the same question is never randomized twice on a device.`,
          ],
        ] as [string, string][])),
    ...(training === undefined
      ? []
      : ([
          [
            'Training, spent so far',
            spent.length === 0
              ? 'nothing that has a guarantee'
              : spent
                  .map((one) => `epsilon ${one.epsilon} at delta ${one.delta}, for one ${one.privacyUnit}`)
                  .join('; '),
          ],
          ['Training, delta', String(training.privacy.delta)],
        ] as [string, string][])),
    [
      'Composition over studies',
      'Every device keeps a ledger of all that it sent, over all studies, with one limit; it is written before anything leaves. It composes by a privacy filter, which holds however later studies were chosen, and refuses what would pass the limit. The page can only lower that limit.',
    ],
    [
      'Randomness',
      'crypto.getRandomValues of the browser; without it nothing is sent. Probabilities are integers over powers of two: no floating-point number is drawn from.',
    ],
  ];
  return markup`<h2>The guarantee</h2>
<table><tbody>${rows.map(([name, text]) => markup`<tr><th scope="row">${name}</th><td>${text}</td></tr>`)}</tbody></table>`;
}

function mechanisms({ study: { channels }, audit, at }: EvidenceFacts): Markup {
  if (channels === null || audit === null)
    return markup`<h2>Mechanisms</h2><p>This study asks nothing; its training is in the manifest below.</p>`;
  return markup`<h2>Mechanisms</h2>
<p>What a device does to each answer. “Realized” is the epsilon of the integer probabilities themselves; p and q are how likely
a report names an option that is the answer, and one that is not. “No answer” is an option of each.</p>
${mechanismTable(channels)}
${auditSection(audit, { channels, at })}`;
}

function publishing({ study, state, daysKept }: EvidenceFacts): Markup {
  const { minimumGroupSize, maximumMargin } = study.manifest.publishing;
  const raw =
    state === 'purged'
      ? 'The raw reports are deleted; the counts of released blocks are kept, so that results stay the same numbers.'
      : `Raw reports, randomized as they came, ${kept(study, daysKept)}.`;
  return markup`<h2>What is published, and what is kept</h2>
<ul>
<li>Numbers are published in blocks of ${minimumGroupSize} reports of one question and group, in the order of arrival. A block never
changes, so no difference of published numbers is about fewer people.</li>
<li>A number whose half-interval is wider than ${maximumMargin} of its scale is not shown. Every number has a 95% interval.</li>
${correlations(study)}
<li>The count of voices is live; nothing else is.</li>
<li>${raw}</li>
</ul>`;
}

/** What is told of two answers of one person, where anything is. [E10] */
function correlations({ manifest, channels }: EvidenceFacts['study']): Markup {
  if (channels === null) return markup``;
  const driven = drivenQuestions(channels);
  if (driven.state === 'unavailable') {
    return markup`<li>Nothing is published of how answers of one person to two questions go together.</li>`;
  }
  const wait = manifest.series === undefined ? '' : ', once all questions of this wave have published the same people';
  return markup`<li>How the answers to each two of ${driven.questions.length} questions move together is published as a correlation (drivers), of the
very people whose answers to each question are published, all groups together${wait}. None is shown of fewer than
${FEWEST_RESPONDENTS} people, or with a wide interval. It is made of the reports that were charged: it costs no further epsilon.</li>`;
}

function kept({ manifest }: EvidenceFacts['study'], days: number | null): string {
  if (manifest.series !== undefined)
    return 'are kept: what other waves of the series may show depends on who is in this one';
  if (days === null) return 'are kept until they are deleted after the study is closed';
  const promised =
    manifest.retention === undefined
      ? 'by the operator’s setting'
      : `the manifest promises ${manifest.retention.reportDays}`;
  return `are deleted ${days} days after the study is closed (${promised}); the counts of released blocks stay`;
}

function limits(): Markup {
  return markup`<h2>What is not protected</h2>
<ul>
<li>That somebody took part, when, and in which group: the coordinator sees that.</li>
<li>The code that is served: whoever serves the page could serve other code. Pin the manifest’s hash and the script’s integrity.</li>
<li>The result against liars: each moves it by at most one person’s bounded share.</li>
<li>An employee with two browsers, or whose browser forgot: each keeps a ledger of its own. Invitations limit reports to one.</li>
<li>That an answer changed between two waves: the same answer leaves as the same report, another may not.</li>
<li>What many people have in common: it is what the study is for.</li>
</ul>`;
}

function log({ entries, check }: EvidenceFacts): Markup {
  const verdict =
    check.finding === null
      ? markup`<p>All ${check.sequence} entries of the whole log hold: each has the SHA-256 of its canonical JSON, which includes
that of the one before.</p>`
      : markup`<p><strong>The log does not hold:</strong> ${check.finding}.</p>`;
  return markup`<h2>Log</h2>
${verdict}
<p>Head: <code>${check.sequence}:${check.hash ?? 'none'}</code>. Keep it: a log that lacks entries at its end, or was written again as a
whole, differs from nothing but such a note. <code>npx chorale verify-log --anchor ${check.sequence}:${check.hash ?? ''}</code> compares.</p>
<table>
<thead><tr><th scope="col">No.</th><th scope="col">When</th><th scope="col">Who</th><th scope="col">What</th><th scope="col">Details</th><th scope="col">Hash</th></tr></thead>
<tbody>${entries.map(entryRow)}</tbody>
</table>`;
}

const WHO = { operator: 'the operator', coordinator: 'the coordinator', public: 'somebody not signed in' } as const;

function entryRow({ sequence, at, actor, action, details, hash }: LogEntry): Markup {
  const who = actor.type === 'person' ? `${actor.name}, ${actor.role}` : WHO[actor.type];
  const said = Object.entries(details).map(([key, value]) => markup`${key}: <code>${String(value)}</code><br>`);
  return markup`<tr><td>${sequence}</td><td>${at}</td><td>${who}</td><td>${action}</td><td>${said}</td><td><code>${hash}</code></td></tr>`;
}

const STYLE = `
:root { color-scheme: light dark; font: 100%/1.5 system-ui, sans-serif; }
body { margin: 0; background: light-dark(#fff, #0f1716); color: light-dark(#14211f, #e8f0ee); }
main { max-width: 60rem; margin: auto; padding: 1.5rem 1rem 4rem; overflow-wrap: anywhere; }
h1 { font-size: 1.75rem; line-height: 1.2; }
h2 { font-size: 1.25rem; margin-block-start: 2rem; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; display: block; overflow-x: auto; }
code { overflow-wrap: anywhere; }
th, td { overflow-wrap: normal; text-align: start; vertical-align: top; padding: .375rem .75rem .375rem 0; border-bottom: 1px solid light-dark(#c6d1cf, #32423f); min-width: 4rem; }
tbody th { min-width: 9rem; }
code, pre { font: .8125rem ui-monospace, monospace; }
pre { white-space: pre-wrap; background: light-dark(#f3f6f6, #172220); padding: 1rem; }
@media print { pre { font-size: .7rem; } h2 { break-after: avoid; } tr { break-inside: avoid; } }
`;
