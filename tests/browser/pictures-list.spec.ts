// Pictures of the Clients list: its filters, columns, and the bar of what is marked (ruh demo).
import { desk, expect, fits, type Page, phone, settled, targets, test } from './support/ruh.ts';
import { root } from './support/process.ts';

const problems: string[] = [];

async function look(page: Page, name: string) {
  for (const size of [desk, phone]) {
    await page.setViewportSize(size);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await settled(page);
      await page.screenshot({ path: `${root}target/pictures/${name}-${size.width}-${colorScheme}.png`, animations: 'disabled', caret: 'hide' });
    }
    await targets(page).catch((error) => problems.push(`${name} at ${size.width}: ${error.message}`));
    await fits(page).catch((error) => problems.push(`${name} at ${size.width}: ${error.message}`));
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(desk);
}

test('the list of clients', async ({ ruh, page }) => {
  test.setTimeout(600_000);
  const password = ruh.run('demo').trim().split('\n').at(-1)!;
  await page.goto('/sign-in');
  await page.getByLabel('Email', { exact: true }).fill('maya@harbourlight.example');
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('/home');
  await page.goto('/clients');
  await look(page, 'list');
  await page.getByRole('button', { name: 'Columns' }).click();
  await look(page, 'list-columns');
  await page.keyboard.press('Escape');
  await page.locator('tbody .pick input').nth(1).check();
  await page.locator('tbody .pick input').nth(3).check();
  await look(page, 'list-some');
  await page.getByRole('checkbox', { name: 'Select everybody on this page' }).check();
  await page.getByRole('button', { name: 'Assign' }).click();
  await look(page, 'list-assign');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Columns' }).click();
  for (const box of await page.locator('#columns-menu input[type=checkbox]').all()) await box.check();
  await page.getByRole('button', { name: 'Show these columns' }).click();
  await expect(page.getByRole('columnheader', { name: 'Time zone' })).toBeVisible();
  await look(page, 'list-wide');
  await page.goto('/clients?status=archived&invitation=bounced');
  await look(page, 'list-nobody');
  expect(problems).toEqual([]);
});
