import { html, type TemplateResult } from 'lit';
import { type Issues, numberField, textField } from './fields.ts';
import { type GroupRow, identifierOf, type StudyForm } from './study-form.ts';

type Options = { form: StudyForm; issues: Issues; onChange: (form: StudyForm) => void };

/** The groups that results are shown for, and how many people each has. */
export function groupsEditor({ form, issues, onChange }: Options): TemplateResult {
  const { groups } = form;
  const common = { issues };
  const withRows = (rows: GroupRow[]): void => onChange({ ...form, groups: { ...groups, rows } });
  const change = (at: number, row: GroupRow): void => withRows(groups.rows.with(at, row));
  const add = (): void => withRows([...groups.rows, { id: '', label: '', headcount: 100 }]);
  return html`
    <section class="card stack" aria-labelledby="groups-title">
      <h2 id="groups-title">Groups</h2>
      <p class="soft">Everybody’s group is signed in their invitation and public. Head counts are for the forecast.</p>
      <div class="columns">
        ${textField({
          ...common,
          path: 'groups.label',
          label: 'What groups are called',
          value: groups.label,
          onText: (label) =>
            onChange({ ...form, groups: { ...groups, label, attribute: identifierOf(label) || groups.attribute } }),
        })}
        ${numberField({
          ...common,
          path: 'responseRate',
          label: 'Expected to answer, percent',
          step: '1',
          value: Math.round(form.responseRate * 100),
          onNumber: (percent) => onChange({ ...form, responseRate: percent / 100 }),
        })}
      </div>
      ${groups.rows.map(
        (row, i) => html`
          <div class="group-row">
            ${textField({
              ...common,
              path: `groups.values.${i}.label`,
              label: `Group ${i + 1}`,
              value: row.label,
              onText: (label) => change(i, { ...row, label, id: followed(row, label) }),
            })}
            ${numberField({
              ...common,
              path: `groups.values.${i}.headcount`,
              label: 'People',
              step: '1',
              value: row.headcount,
              onNumber: (headcount) => change(i, { ...row, headcount }),
            })}
            <button
              type="button"
              class="danger"
              aria-label="Remove group ${i + 1}"
              ?disabled=${groups.rows.length === 1}
              @click=${() => withRows(groups.rows.toSpliced(i, 1))}
            >
              Remove
            </button>
          </div>
        `,
      )}
      <div><button type="button" @click=${add}>Add a group</button></div>
      <label class="check">
        <input
          type="checkbox"
          .checked=${groups.tellsHeadcounts}
          @change=${(event: Event) => {
            const tellsHeadcounts = (event.target as HTMLInputElement).checked;
            onChange({ ...form, groups: { ...groups, tellsHeadcounts } });
          }}
        />
        <span>Publish the head counts, so that results tell which share of each group took part</span>
      </label>
    </section>
  `;
}

/** An id that was made of the label follows it; one that came with a manifest stays, as invitations have it. */
function followed(row: GroupRow, label: string): string {
  return row.id === '' || row.id === identifierOf(row.label) ? identifierOf(label) : row.id;
}
