// Pictures of the provider's side of forms: empty, as it usually is, and crowded; answers, comparing, giving, settings.
import { expect, fits, type Page, picture, settled, targets, test } from './support/ruh.ts';

const wanted = process.env.RUH_PICTURES ?? '';

async function look(page: Page, name: string) {
  if (!name.includes(wanted)) return;
  await settled(page);
  await picture(page, name);
  await targets(page);
  await fits(page);
}

async function record(page: Page, name: string) {
  await page.goto(`/clients?search=${encodeURIComponent(name.split(' ').at(-1)!)}`);
  await page.getByRole('link', { name }).first().click();
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible();
}

async function forms(page: Page, name: string) {
  await record(page, name);
  await page.getByRole('navigation', { name: 'Sides of the record' }).getByRole('link', { name: 'Forms' }).click();
}

test('the provider side of forms', async ({ ruh, page }) => {
  test.setTimeout(600_000);
  const password = ruh.run('demo').trim().split('\n').at(-1)!;
  await page.goto('/sign-in');
  await page.getByLabel('Email', { exact: true }).fill('maya@harbourlight.example');
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL((url) => url.pathname !== '/sign-in');
  await page.goto('/clients');
  await expect(page.getByRole('columnheader', { name: 'Forms' })).toBeVisible();
  await look(page, 'intake-clients');
  await forms(page, 'Felix Brandt');
  await look(page, 'intake-side-empty');
  await page.getByRole('button', { name: 'Give form' }).click();
  await expect(page.getByRole('dialog').getByLabel('Form or intake flow')).toBeVisible();
  await look(page, 'intake-give');
  await page.keyboard.press('Escape');
  await record(page, 'Ben Adler');
  await look(page, 'intake-record-attention');
  await forms(page, 'Ben Adler');
  await look(page, 'intake-side-attention');
  await page.getByRole('link', { name: 'See the answer' }).click();
  await look(page, 'intake-answers-attention');
  await forms(page, 'Ana Marchetti');
  await look(page, 'intake-side-crowded');
  await page.getByRole('link', { name: /Answers: Informed consent/ }).click();
  await look(page, 'intake-answers-signed');
  await forms(page, 'Ana Marchetti');
  await page.getByRole('link', { name: /Compare: Weekly check-in/ }).first().click();
  await expect(page.getByRole('heading', { name: 'Weekly check-in over time' })).toBeVisible();
  await look(page, 'intake-compare');
  await forms(page, 'Ana Marchetti');
  await page.getByRole('link', { name: /Fill in: Weekly check-in/ }).click();
  await look(page, 'intake-fill-on-behalf');
  await page.goto('/settings/forms');
  await look(page, 'intake-settings');
});
