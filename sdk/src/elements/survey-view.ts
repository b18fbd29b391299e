import type { Manifest } from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { answersForm } from './answers-form.ts';
import { closedView } from './closed-view.ts';
import { errorNotice } from './error-notice.ts';
import { declinedView, noticeView } from './notice-view.ts';
import { erasedView, sentView } from './sent-view.ts';
import type { SurveyScreen, View } from './survey-screen.ts';
import type { SurveyVisit } from './survey-visit.ts';
import type { Words } from './words.ts';

const introduced: ReadonlySet<View['state']> = new Set(['notice', 'declined']);

/** The study's title and, where somebody is still to decide, what it is about. */
export function headingView(
  manifest: Manifest,
  { state, group: id, words }: { state: View['state']; group: string | null; words: Words },
): TemplateResult {
  const { label, values } = manifest.groups;
  const group = values.find((value) => value.id === id)?.label;
  return html`
    <div class="stack tight">
      ${manifest.simulated ? html`<div><span class="badge simulated">${words.text('simulated')}</span></div>` : nothing}
      <slot name="title"
        ><h2 class="title" part="title"><bdi>${manifest.title}</bdi></h2></slot
      >
      ${
        manifest.description === undefined || !introduced.has(state)
          ? nothing
          : html`<p class="lead"><bdi>${manifest.description}</bdi></p>`
      }
      ${
        group === undefined
          ? nothing
          : html`<p class="soft">${words.parts('group', { label, group: html`<strong>${group}</strong>` })}</p>`
      }
    </div>
  `;
}

export type SurveyViewOptions = {
  screen: SurveyScreen;
  /** What acts; there is none while the element waits for its invitation. */
  visit: SurveyVisit | undefined;
  /** The page asks the questions itself. */
  ownQuestions: boolean;
  reopen: () => void;
  words: Words;
};

/** What the element shows below the title. */
export function surveyView(options: SurveyViewOptions): TemplateResult {
  const { screen, reopen, words } = options;
  const { view } = screen;
  // Without one there is no other view than the first of these.
  const visit = options.visit!;
  switch (view.state) {
    case 'waiting':
      return html`<p class="soft" role="status">${view.told ? words.text('waiting') : ''}</p>`;
    case 'loading':
      return html`<p class="soft" role="status">${words.text('loading')}</p>`;
    case 'failed':
      return errorNotice(view.error, { words, retry: reopen, erase: () => void visit.startOver() });
    case 'closed':
      return closedView({ ...view, words });
    case 'notice':
      return noticeView({ manifest: visit.study, words, onDecide: (decision) => void visit.decide(decision) });
    case 'declined':
      return declinedView({ never: view.never, words, onBack: () => void visit.reconsider() });
    case 'answering':
      return questionsView(view, visit, options);
    case 'sending':
      return sendingView(view.offline, words);
    case 'sent':
      return sentView({
        ...view,
        words,
        onAction: (action, step) => void visit.act(action, step),
        onDownload: () => void visit.download(),
      });
    case 'erased':
      return erasedView({ ...view, words });
  }
}

function questionsView(
  { wrong }: View & { state: 'answering' },
  visit: SurveyVisit,
  { screen, ownQuestions, words }: SurveyViewOptions,
): TemplateResult {
  if (ownQuestions) {
    return html`<h2 id="questions" class="visually-hidden" tabindex="-1">${words.text('form.title')}</h2>
      <slot name="questions"></slot>`;
  }
  const { answers, texts, isSaved: saved } = visit.draft;
  return answersForm({
    questions: visit.study.survey.questions,
    answers,
    texts,
    errors: wrong.map((question) => ({ field: screen.fieldId(question), message: words.text('form.amount') })),
    saved,
    words,
    fieldId: (question) => screen.fieldId(question),
    onAnswer: (question, answer) => {
      visit.answer(question, answer);
      // The button that cleared the answer is gone.
      if (answer === null) void screen.focus(screen.fieldId(question));
    },
    onText: (question, text) => visit.type(question, text),
    onSubmit: () => void visit.submit(),
  });
}

function sendingView(offline: boolean, words: Words): TemplateResult {
  return html`<div class="notice ${offline ? 'warn' : ''}" part="notice" role="status" id="sending" tabindex="-1">
    ${
      offline
        ? html`<p><strong>${words.text('stored.title')}</strong></p>
            <p>${words.text('stored.text')}</p>`
        : html`<p>${words.text('sending')}</p>`
    }
  </div>`;
}
