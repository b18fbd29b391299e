import { type Manifest, surveyChannels } from '@chorale/protocol';
import { html, type TemplateResult } from 'lit';
import { oddsFactor } from '../guarantee.ts';

/** What an employee should know before deciding, and the two decisions. */
export function noticeView({
  manifest,
  group,
  onParticipate,
  onDecline,
}: {
  manifest: Manifest;
  group: string;
  onParticipate: () => void;
  onDecline: () => void;
}): TemplateResult {
  const survey = manifest.survey!;
  const { questionsPerDevice, realizedEpsilon } = surveyChannels(survey);
  const asked =
    questionsPerDevice === survey.questions.length
      ? 'Your answers are'
      : `${questionsPerDevice} of them, drawn by chance, ${questionsPerDevice === 1 ? 'is' : 'are'}`;
  return html`
    <section class="card stack" aria-labelledby="notice-title">
      <h2 id="notice-title">Before you decide</h2>
      <div class="columns">
        <div class="stack tight">
          <h3><span class="badge stays">Stays in this browser</span></h3>
          <p>Your answers to all ${survey.questions.length} questions. You may leave any of them empty.</p>
        </div>
        <div class="stack tight">
          <h3><span class="badge leaves">Leaves it</span></h3>
          <p>
            ${asked} randomized here and sent once, with your ${manifest.groups.label.toLowerCase()}
            (<strong>${group}</strong>, from your invitation). Any report is at most ${oddsFactor(realizedEpsilon)}
            times likelier under one set of answers than under another (ε = ${realizedEpsilon.toFixed(2)}).
          </p>
        </div>
      </div>
      <p>
        Results are shown for ${manifest.publishing.minimumGroupSize} or more people together, never fewer. That you
        took part can be seen; what you said, only within the odds above. Whoever serves this page must be trusted to
        serve the code it promises. Answer in one browser only: a second one doubles what could be learned of you. Where
        a later survey repeats a question, that an answer changed may show, though not what it was.
      </p>
      <div class="row actions">
        <button type="button" class="primary" @click=${onParticipate}>Take part</button>
        <button type="button" @click=${onDecline}>Not now</button>
      </div>
    </section>
  `;
}
