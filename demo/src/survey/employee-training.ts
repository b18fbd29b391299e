import type { Answers, Manifest, TrainingTask } from '@chorale/protocol';
import type { Chorale } from '@chorale/sdk';
import { html, nothing, type TemplateResult } from 'lit';
import { formatDelta, oddsFactor } from '../guarantee.ts';
import { worstCase } from '../training/worst-case.ts';

/** In studies that train on employees' own answers: the offer to let this page do so. */
export function employeeTraining({
  chorale,
  manifest,
  answers,
}: {
  chorale: Chorale;
  manifest: Manifest;
  answers: Answers;
}): TemplateResult | typeof nothing {
  const task = manifest.training;
  if (task?.clients !== 'employee') return nothing;
  const missing = [...task.features, task.label]
    .map(({ column }) => column)
    .filter((column) => (answers[column] ?? null) === null);
  const questions = missing.map((column) => manifest.survey?.questions.find(({ id }) => id === column)?.text ?? column);
  return html`
    <section class="card stack" aria-labelledby="train-title">
      <h2 id="train-title">Let this page also train</h2>
      <p>
        Only if you like: this tab can help to train a model with others. It reads your own answers here, computes an
        update, clips and noises it, and sends only that. It costs some of your ledger, shown below, and stops when you
        close the page.
      </p>
      <p>${worstCaseText(task)}</p>
      ${
        missing.length === 0
          ? nothing
          : html`<div class="notice">
              <p>The model needs answers that you left empty, so this page cannot take part: ${questions.join(' ')}</p>
            </div>`
      }
      <demo-training-panel
        .chorale=${chorale}
        .manifest=${manifest}
        .ready=${missing.length === 0}
      ></demo-training-panel>
    </section>
  `;
}

/** How often this browser contributes at most, and what that costs at the worst. */
function worstCaseText(task: TrainingTask): string {
  const { updates, guarantees } = worstCase(task);
  const often = `This browser contributes to ${updates === 1 ? 'one round' : `at most ${updates} rounds`}`;
  const [guarantee] = guarantees;
  if (guarantee === undefined) return `${often}.`;
  const { epsilon, delta } = guarantee;
  const except = delta === 0 ? '' : `, except with probability ${formatDelta(delta)}`;
  return (
    `${often}. At the worst that costs ε = ${epsilon.toFixed(2)}: all that it sends is at most ${oddsFactor(epsilon)} ` +
    `times likelier than with any other answers${except}.`
  );
}
