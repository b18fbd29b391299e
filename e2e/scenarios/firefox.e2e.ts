import type { SurveyResults } from '@chorale/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestCoordinator } from '../coordinator.ts';
import { EmbeddingPages } from '../embedding-pages.ts';
import { findFirefox, Firefox } from '../firefox.ts';
import { oneQuestionStudy } from '../studies.ts';

const study = oneQuestionStudy();
const path = findFirefox();

let coordinator: TestCoordinator;
let pages: EmbeddingPages;

beforeAll(async () => {
  coordinator = await TestCoordinator.start([study]);
  pages = await EmbeddingPages.start();
});
afterAll(async () => {
  await pages?.stop();
  await coordinator?.stop();
});

/** Notes what the policy refuses and what the survey says, and gives it its invitation. */
const pageScript = (token: string) => `
  globalThis.refused = [];
  globalThis.said = [];
  document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => refused.push(effectiveDirective));
  for (const type of ['ready', 'answered', 'sent', 'error']) document.addEventListener('chorale:' + type, () => said.push(type));
  document.querySelector('chorale-survey').token = ${JSON.stringify(token)};
`;

test('[U5] in Firefox a page of another origin sends a report under a strict policy', async ({ skip }) => {
  if (path === null) return skip('no Firefox is installed');
  const sdk = await coordinator.get<{ url: string; integrity: Record<string, string> }>('/sdk/release.json');
  const [token] = await coordinator.invite(study.id, [{ name: 'Firefox', group: 'sales' }]);
  pages.putFile('/page.js', pageScript(token!), 'text/javascript');
  const address = pages.put(
    '/',
    `<!doctype html><html lang="en"><title>Intranet</title>
      <script type="module" src="${coordinator.url}${sdk.url}" integrity="${sdk.integrity['chorale.js']}" crossorigin></script>
      <script type="module" src="/page.js"></script>
      <chorale-survey coordinator="${coordinator.url}" study="${study.id}"></chorale-survey></html>`,
    `default-src 'none'; script-src 'self' ${coordinator.url}; connect-src ${coordinator.url}`,
  );
  const firefox = await Firefox.launch(path);
  try {
    await firefox.open(address);
    const root = `document.querySelector('chorale-survey').shadowRoot`;
    const shown = () => firefox.evaluate(`${root}?.textContent ?? ''`);
    await expect.poll(shown).toContain('Before you decide');
    await firefox.click(`${root}.querySelector('button.primary')`);
    await expect.poll(shown).toContain('Do you mean to leave within a year?');
    await firefox.click(`${root}.querySelector('input')`);
    await expect.poll(shown).toContain('Saved in this browser.');
    await firefox.click(`${root}.querySelector('button.primary')`);
    await expect.poll(shown).toContain('Thank you, your voice is in');
    expect(await shown()).toContain('What you said, and what left');
    expect(JSON.parse(await firefox.evaluate('JSON.stringify([said, refused])'))).toEqual([
      ['ready', 'answered', 'sent'],
      [],
    ]);
    const { voices } = await coordinator.get<SurveyResults>(`/api/v1/studies/${study.id}/results`);
    expect(voices).toBe(1);
  } finally {
    await firefox.close();
  }
});
