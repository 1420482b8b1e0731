// Pictures of what the made-up practice shows (ruh demo), and of what is asked before somebody is added twice.
import { expect, fits, type Page, picture, settled, targets, test } from './support/ruh.ts';

const wanted = process.env.RUH_PICTURES ?? '';

async function look(page: Page, name: string) {
  if (!name.includes(wanted)) return;
  await settled(page);
  await picture(page, name);
  await targets(page);
  await fits(page);
}

async function signIn(page: Page, email: string, password: string) {
  await page.goto('/sign-in');
  await page.getByLabel('Email', { exact: true }).fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL((url) => url.pathname !== '/sign-in');
}

test('the made-up practice', async ({ ruh, page, visitor }) => {
  test.setTimeout(600_000);
  const password = ruh.run('demo').trim().split('\n').at(-1)!;
  await signIn(page, 'maya@harbourlight.example', password);
  await page.goto('/home');
  await look(page, 'demo-home');
  await page.goto('/clients');
  await look(page, 'demo-clients');
  await page.getByRole('link', { name: 'Ana Marchetti' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Ana Marchetti' })).toBeVisible();
  await look(page, 'demo-client');
  for (const summary of await page.locator('.sections > details > summary').all()) await summary.click();
  await expect(page.getByText('For two records of one person')).toBeVisible();
  await expect(page.getByText('They leave the list of clients')).toBeVisible();
  await look(page, 'demo-sections');
  await page.getByRole('link', { name: 'Documents' }).click();
  await expect(page.getByText('Referral letter.pdf')).toBeVisible();
  await look(page, 'demo-documents');
  const ana = await visitor();
  await signIn(ana, 'ana.marchetti@harbourlight.example', password);
  await ana.goto('/portal');
  await look(ana, 'demo-portal-documents-new');
  await ana.goto('/portal/documents');
  await look(ana, 'demo-portal-documents');

  await page.goto('/clients');
  await page.getByRole('button', { name: 'Add Client' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('First name').fill('Ana');
  await dialog.getByLabel('Last name').fill('Marchetti');
  await dialog.getByLabel('Email', { exact: true }).fill('ana.marchetti@harbourlight.example');
  await dialog.getByRole('button', { name: 'Add Client' }).click();
  await expect(dialog.getByRole('button', { name: 'Add anyway' })).toBeVisible();
  await look(page, 'demo-duplicate');
  await dialog.getByRole('button', { name: 'Add anyway' }).click();
  await expect(page.getByText('Perhaps the same person')).toBeVisible();
  await look(page, 'demo-perhaps-the-same');
  await page.getByRole('link', { name: /Merge the two/ }).first().click();
  await look(page, 'merge-preview');
  await page.getByRole('link', { name: 'Choose another' }).click();
  await look(page, 'merge-choose');
  await page.goBack();
  await page.getByRole('button', { name: 'Merge', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Ana Marchetti' })).toBeVisible();
  await page.getByRole('button', { name: 'Actions' }).click();
  await page.getByRole('link', { name: 'Merge', exact: true }).click();
  await expect(page.getByText('Merged into this record')).toBeVisible();
  await look(page, 'merged');
  await page.getByRole('link', { name: /Undo the merge/ }).click();
  await look(page, 'merge-undo');

  const mother = await visitor();
  await signIn(mother, 'ingrid.bergstrom@harbourlight.example', password);
  await look(mother, 'demo-chooser');
  await mother.getByRole('button', { name: /Nils/ }).click();
  await mother.waitForURL(/portal/);
  await look(mother, 'demo-portal-switch');

  const front = await visitor();
  await signIn(front, 'tom@harbourlight.example', password);
  await front.goto('/settings/security');
  await look(front, 'demo-support-settings');
});
