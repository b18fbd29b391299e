import { type Manifest, surveyChannels } from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { oddsFactor } from './privacy-figures.ts';
import type { Words } from './words.ts';

/** A manifest that asks something. */
export type SurveyStudy = Manifest & { survey: NonNullable<Manifest['survey']> };

/** What somebody may decide before anything is asked. */
export type Decision = 'participate' | 'later' | 'never';

/** What an employee should know before deciding, and the three decisions. */
export function noticeView({
  manifest,
  words,
  onDecide,
}: {
  manifest: SurveyStudy;
  words: Words;
  onDecide: (decision: Decision) => void;
}): TemplateResult {
  const { survey, groups, publishing, retention } = manifest;
  const { questionsPerDevice, realizedEpsilon } = surveyChannels(survey);
  const sends =
    questionsPerDevice === survey.questions.length
      ? words.text('notice.sendsAll')
      : words.text('notice.sendsSome', { count: questionsPerDevice });
  const odds = { factor: oddsFactor(realizedEpsilon, words.locale), epsilon: words.decimals(realizedEpsilon, 2) };
  return html`
    <section class="card stack" part="card" aria-labelledby="notice">
      <h2 id="notice" tabindex="-1">${words.text('notice.title')}</h2>
      <div class="columns">
        <div class="stack tight">
          <h3><span class="badge stays">${words.text('notice.stays')}</span></h3>
          <p>${words.text('notice.staysText', { count: survey.questions.length })}</p>
        </div>
        <div class="stack tight">
          <h3><span class="badge leaves">${words.text('notice.leaves')}</span></h3>
          <p>${sends} ${words.text('notice.group', { label: groups.label })} ${words.text('notice.odds', odds)}</p>
        </div>
      </div>
      <p>${words.text('notice.skip')}</p>
      <p>
        ${words.text('notice.results', { count: publishing.minimumGroupSize })}
        ${retention === undefined ? nothing : words.text('notice.retention', { count: retention.reportDays })}
        ${words.text('notice.limits')}
      </p>
      <div class="row actions">
        <button type="button" class="primary" part="button primary" @click=${() => onDecide('participate')}>
          ${words.text('notice.participate')}
        </button>
        <button type="button" part="button" @click=${() => onDecide('later')}>${words.text('notice.later')}</button>
        <button type="button" class="quiet" part="button" @click=${() => onDecide('never')}>
          ${words.text('notice.never')}
        </button>
      </div>
    </section>
  `;
}

/** After deciding against it; the way back is always there. */
export function declinedView({
  never,
  words,
  onBack,
}: {
  never: boolean;
  words: Words;
  onBack: () => void;
}): TemplateResult {
  return html`<div class="notice" part="notice" role="status">
    <h2 id="declined" tabindex="-1">${words.text('declined.title')}</h2>
    <p>${words.text(never ? 'declined.never' : 'declined.later')}</p>
    <div class="actions">
      <button type="button" part="button" @click=${onBack}>${words.text('declined.back')}</button>
    </div>
  </div>`;
}
