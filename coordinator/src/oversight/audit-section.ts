import type { SurveyChannels } from '@chorale/protocol';
import coordinator from '../../package.json' with { type: 'json' };
import { type Markup, markup } from './markup.ts';
import { auditCommands } from './mechanism-table.ts';
import type { QuestionAudit, SurveyAudit } from './survey-audit.ts';

const FAILURES: Record<QuestionAudit['failures'][number], string> = {
  'row-sum': 'the probabilities of an answer do not sum to one',
  reachability: 'a report rules an answer out',
  'above-claim': 'more is revealed than claimed',
  'below-claim': 'less is revealed than claimed: it is not the mechanism that was meant',
  'other-than-stated': 'it is not the epsilon that results are stamped with',
};

/** What looking at a study's mechanisms from outside has found. */
export function auditSection(
  { questions, reportEpsilon, epsilon, passed }: SurveyAudit,
  { channels, at }: { channels: SurveyChannels; at: string },
): Markup {
  const headings = ['Question', 'Mechanism', 'Probabilities read', 'Epsilon claimed', 'Epsilon found', 'Result'];
  const verdict = passed
    ? markup`<strong>Passed.</strong> No report of this study reveals more than is claimed.`
    : markup`<strong>Failed.</strong> What is claimed of this study does not hold.`;
  return markup`<h2>Audit</h2>
<p>${verdict} Version ${coordinator.version} of the coordinator read every probability of the mechanisms above on ${at}, as exact
integers, and compared all answers with each other. Nothing was drawn, so this is certain and has no confidence level.</p>
<table>
<thead><tr>${headings.map((heading) => markup`<th scope="col">${heading}</th>`)}</tr></thead>
<tbody>${questions.map((audit) => row(audit, channels))}</tbody>
</table>
<p>A whole report, of ${channels.questionsPerDevice} of ${questions.length} questions: at most epsilon ${reportEpsilon}, where the manifest
allows ${epsilon}.</p>
<p>That browsers draw by these probabilities shows in reports alone. To measure that, with a confidence level, run:</p>
<pre>${auditCommands(channels)}</pre>`;
}

function row({ question, failures, ...audit }: QuestionAudit, { byQuestion }: SurveyChannels): Markup {
  const result =
    failures.length === 0 ? 'passed' : `FAILED: ${failures.map((failure) => FAILURES[failure]).join('; ')}`;
  const cells = [audit.mechanism, audit.probabilities, audit.epsilonClaimed, audit.epsilonExact, result];
  const { text } = byQuestion.get(question)!.question;
  return markup`<tr><th scope="row">${text}</th>${cells.map((cell) => markup`<td>${cell}</td>`)}</tr>`;
}
