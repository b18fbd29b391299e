import type { Manifest } from '@chorale/protocol';
import { html, type TemplateResult } from 'lit';

/** Stands in for the mail with an invitation: the demo lets a visitor be whoever they like. */
export function invitationForm(
  manifest: Manifest,
  { parameter, label, action }: { parameter: 'employee' | 'site'; label: string; action: string },
): TemplateResult {
  return html`
    <form method="get" class="card stack">
      <p>
        Real participants come from a link in their invitation, which is signed and says which
        ${manifest.groups.label.toLowerCase()} they belong to. In this demo you choose.
      </p>
      <input type="hidden" name="study" value=${manifest.id} />
      <div class="field">
        <label for="invited">${label}<span class="hint">One name takes part once, in whichever tab.</span></label>
        <input type="text" id="invited" name=${parameter} required maxlength="60" autocomplete="off" />
      </div>
      <div class="field">
        <label for="group">${manifest.groups.label}</label>
        <select id="group" name="group">
          ${manifest.groups.values.map((group) => html`<option value=${group.id}>${group.label}</option>`)}
        </select>
      </div>
      <div class="actions"><button class="primary">${action}</button></div>
    </form>
  `;
}
