import type { BrowserContext, Page } from 'playwright';

export type SiteOptions = {
  study: string;
  site: string;
  group: string;
  /** The site's file; `null` expects the rows of an earlier visit in the profile's database. */
  csv: string | null;
};

/** Opens a site's page and gives it its file, up to where training can start. */
export async function openSite(
  context: BrowserContext,
  base: string,
  { study, site, group, csv }: SiteOptions,
): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${base}/site?${new URLSearchParams({ study, site, group })}`);
  if (csv !== null) {
    await page
      .getByLabel('Open a CSV file')
      .setInputFiles({ name: `${site}.csv`, mimeType: 'text/csv', buffer: Buffer.from(csv) });
  }
  await page.getByText('rows are ready').waitFor();
  return page;
}

/** Starts training, with the consent that a study without noise asks for. */
export async function startTraining(page: Page): Promise<void> {
  const consent = page.getByRole('checkbox', { name: /without noise leave/ });
  if (await consent.isVisible()) await consent.check();
  await page.getByRole('button', { name: 'Start training' }).click();
  await page.getByRole('button', { name: 'Stop' }).waitFor();
}
