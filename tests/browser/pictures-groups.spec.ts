// Pictures of groups, invite links and signing up: target/pictures/<page>-<width>-<light|dark>.png.
import { type Page, desk, expect, fits, phone, settled, targets, test } from './support/ruh.ts';
import { atHome } from './support/people.ts';
import { root } from './support/process.ts';

test.use({ environment: { RUH_UNDO_SECONDS: '600' } });

const wanted = process.env.RUH_PICTURES ?? '';
const problems: string[] = [];

async function look(page: Page, name: string, over: 'page' | 'over' = 'page') {
  if (!name.includes(wanted)) return;
  for (const size of [desk, phone]) {
    await page.setViewportSize(size);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await settled(page);
      const path = `${root}target/pictures/${name}-${size.width}-${colorScheme}.png`;
      await page.screenshot({ path, fullPage: over === 'page', animations: 'disabled', caret: 'hide' });
    }
    await targets(page).catch((error) => problems.push(`${name} at ${size.width}: ${error.message}`));
  }
  await fits(page).catch((error) => problems.push(`${name}: ${error.message}`));
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(desk);
}

async function groups(page: Page) {
  await page.goto('/settings/groups');
  await look(page, 'groups');
  await page.getByRole('button', { name: 'Add group' }).click();
  await expect(page.getByRole('dialog').getByLabel('Name', { exact: true })).toBeFocused();
  await look(page, 'group-add', 'over');
  await page.getByRole('dialog').getByRole('button', { name: 'Add group' }).click();
  await expect(page.locator('[data-error-summary]')).toBeVisible();
  await look(page, 'group-errors', 'over');
  for (const [name, colour] of [
    ['Evenings with a very long name that somebody typed in full', 'teal'], ['العائلات', 'red'], ['Teens', 'pink'],
    ['Short courses', 'brown'], ['Waiting', 'olive'], ['Former', 'grey'], ['Supervision', 'green'],
  ]) {
    await page.goto('/settings/groups/new');
    await page.getByLabel('Name', { exact: true }).fill(name);
    await page.locator(`input[value=${colour}]`).check();
    await page.getByRole('main').getByRole('button', { name: 'Add group' }).click();
    await page.waitForURL('/settings/groups');
  }
  await look(page, 'groups-many');
  await page.getByRole('button', { name: 'Delete: Couples' }).click();
  await expect(page.getByRole('dialog').getByRole('button', { name: 'Delete group' })).toBeVisible();
  await look(page, 'group-delete', 'over');
}

test('groups and invite links', async ({ ruh, page }) => {
  test.setTimeout(600_000);
  await atHome(ruh, page);
  await groups(page);
  expect(problems.join('\n\n')).toBe('');
});
