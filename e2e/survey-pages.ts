import type { Browser, BrowserContext, Page } from 'playwright';

/** Address of an employee's survey page in the demo. */
export function surveyUrl(
  base: string,
  { study, employee, group }: { study: string; employee: string; group: string },
): string {
  return `${base}/survey?${new URLSearchParams({ study, employee, group })}`;
}

/** Opens the one-question survey and answers it, up to the button that sends. */
export async function fillOneQuestion(page: Page, answer: 'Yes' | 'No'): Promise<void> {
  await page.getByRole('button', { name: 'Take part' }).click();
  await page.getByRole('radio', { name: answer }).check();
}

export async function send(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Send/ }).click();
}

/** Resolves once the page says that the report was acknowledged, now or before. */
export async function waitUntilSent(page: Page): Promise<void> {
  await page.getByRole('heading', { name: /your voice is in|answered already/ }).waitFor();
}

/** One employee with a browser profile of their own answers and leaves. */
export async function answerAlone(browser: Browser, url: string, answer: 'Yes' | 'No'): Promise<BrowserContext> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url);
  await fillOneQuestion(page, answer);
  await send(page);
  await waitUntilSent(page);
  return context;
}
