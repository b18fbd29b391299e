import { html, type TemplateResult } from 'lit';

/** What somebody does next with a study that was just published: ask people. */
export function publishNotice({
  id,
  hash,
  attribute,
}: {
  id: string;
  hash: string;
  attribute: string;
}): TemplateResult {
  const link = `/survey?${new URLSearchParams({ study: id, manifest: hash })}`;
  const snippet = `<chorale-survey
  coordinator="${location.origin}"
  study="${id}"
  manifest="${hash}"
  group-${attribute}="…"
></chorale-survey>`;
  return html`
    <div class="notice good" id="published" tabindex="-1">
      <p><strong>${id} is published.</strong></p>
      <p><a href=${link}>Open the survey</a>, or embed it in a page of yours:</p>
      <pre class="code" tabindex="0" aria-label="Code to embed the survey">${snippet}</pre>
    </div>
  `;
}
