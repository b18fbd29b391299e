import type { QuestionChannel, SurveyChannels } from '@chorale/protocol';
import { type Markup, markup } from './markup.ts';

/** Each question's mechanism with its realized epsilon and probabilities, as a table. */
export function mechanismTable({ byQuestion }: SurveyChannels): Markup {
  const headings = ['Question', 'For', 'Mechanism', 'Options', 'Epsilon', 'Realized', 'p', 'q'];
  return markup`<table>
<thead><tr>${headings.map((heading) => markup`<th scope="col">${heading}</th>`)}</tr></thead>
<tbody>${[...byQuestion.values()].map(row)}</tbody>
</table>`;
}

function row(spec: QuestionChannel): Markup {
  const { text, report } = spec.question;
  const { mechanism, epsilon, realizedEpsilon } = spec.channel;
  // A mean has a grid of numbers in the place of options.
  const [options, p, q] =
    spec.kind === 'shares'
      ? [spec.channel.options, spec.channel.p.toFixed(6), spec.channel.q.toFixed(6)]
      : ['–', '–', '–'];
  const cells = [report, mechanism, options, epsilon, realizedEpsilon, p, q];
  return markup`<tr><th scope="row">${text}</th>${cells.map((cell) => markup`<td>${cell}</td>`)}</tr>`;
}

/** What measures each of these mechanisms, one command a line. */
export function auditCommands({ byQuestion }: SurveyChannels): string {
  const commands = [...byQuestion.values()].map((spec) => {
    const { mechanism, epsilon } = spec.channel;
    const named = spec.kind === 'shares' ? `${mechanism} --options ${spec.channel.options}` : 'numeric-mean';
    return `npx chorale audit --mechanism ${named} --epsilon ${epsilon}`;
  });
  return [...new Set(commands)].join('\n');
}
