import type { Actor } from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { signOut } from './session.ts';

/** What somebody is told whom this page does not know. */
export function signInNotice(page: string): TemplateResult {
  return html`
    <div class="notice warn">
      <p><strong>Nobody is signed in.</strong></p>
      <p>
        <code>npm start</code> prints a link to this page that signs in, in this tab alone. Elsewhere
        <code>npx chorale person add NAME --role ROLE</code> prints a token: open <code>${page}#token=</code> with the
        token behind it.
      </p>
    </div>
  `;
}

/** Who is signed in, and the way out. */
export function signedInAs(actor: Actor): TemplateResult {
  const who = actor.type === 'person' ? html`<strong>${actor.name}</strong>, ${actor.role}` : html`the operator`;
  return html`<p class="row small soft">
    <span>Signed in as ${who}.</span>
    ${actor.type === 'person' ? html`<button type="button" class="quiet" @click=${signOut}>Sign out</button>` : nothing}
  </p>`;
}
