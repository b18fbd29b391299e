import type { Answers, Manifest } from '@chorale/protocol';
import type { Chorale } from '@chorale/sdk';
import { html, nothing, type TemplateResult } from 'lit';

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
        update, clips it, hides it in noise, and sends only that. It costs some of your ledger, shown below, and stops
        when you close the page.
      </p>
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
