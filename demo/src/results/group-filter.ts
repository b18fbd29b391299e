import type { SurveyResults } from '@chorale/protocol';
import { html, type TemplateResult } from 'lit';
import { pageParameter } from '../page-element.ts';

/** The group that the page's address asks for; `null` is all, also where the study has no such group. */
export function groupOfAddress(groups: SurveyResults['groups']): string | null {
  const wanted = pageParameter('group', '');
  return groups.values.some(({ id }) => id === wanted) ? wanted : null;
}

/** Narrows what is shown to one group beside all; the address keeps the choice, so that it can be sent to others. */
export function groupFilter(
  groups: SurveyResults['groups'],
  {
    group,
    all,
    onChange,
  }: {
    group: string | null;
    /** What choosing no group is called. */
    all: string;
    onChange: (group: string | null) => void;
  },
): TemplateResult {
  const choose = (event: Event): void => {
    const { value } = event.target as HTMLSelectElement;
    const address = new URL(location.href);
    if (value === '') address.searchParams.delete('group');
    else address.searchParams.set('group', value);
    history.replaceState(null, '', address);
    onChange(value === '' ? null : value);
  };
  return html`
    <div class="row filter">
      <label for="group">${groups.label}</label>
      <select id="group" @change=${choose}>
        <option value="" ?selected=${group === null}>${all}</option>
        ${groups.values.map(({ id, label }) => html`<option value=${id} ?selected=${id === group}>${label}</option>`)}
      </select>
    </div>
  `;
}
