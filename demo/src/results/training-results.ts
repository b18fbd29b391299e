import type { Manifest } from '@chorale/protocol';
import { html, type TemplateResult } from 'lit';
import { fetchRounds } from '../api.ts';
import { PageElement } from '../page-element.ts';
import { LiveData } from './live-data.ts';
import { provenance } from './provenance.ts';

/** A study's training, kept fresh. */
export class TrainingResults extends PageElement {
  static override properties = { manifest: { attribute: false } };
  declare manifest: Manifest;
  readonly #rounds = new LiveData(this, () => fetchRounds(this.manifest.id));

  protected override render(): TemplateResult {
    const { manifest } = this;
    return this.#rounds.render(
      'the training rounds',
      (training, at) => html`
        <section class="stack" aria-labelledby="training">
          <h2 id="training">Training</h2>
          ${provenance({ study: manifest.title, manifest: training.manifest, epsilon: null, at })}
          <demo-training .training=${training} .manifest=${manifest}></demo-training>
        </section>
      `,
    );
  }
}
