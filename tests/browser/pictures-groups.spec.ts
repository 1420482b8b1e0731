// Pictures of groups, invite links and signing up: target/pictures/<page>-<width>-<light|dark>.png.
import { desk, expect, fits, linkIn, type Page, phone, type Ruh, settled, targets, test } from './support/ruh.ts';
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

async function sharing(page: Page): Promise<string> {
  await page.goto('/clients');
  await page.getByRole('button', { name: 'Add Client' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add Client' });
  await expect(dialog.getByLabel('First name', { exact: true })).toBeFocused();
  await look(page, 'add-client-tabs', 'over');
  await dialog.getByRole('link', { name: 'Share Invite Link' }).click();
  await expect(dialog.getByRole('button', { name: 'Create link' })).toBeVisible();
  await look(page, 'invite-link-none', 'over');
  await dialog.getByLabel('Group').selectOption({ label: 'Couples' });
  await expect(dialog.getByText('There is no link for Couples')).toBeVisible();
  await dialog.getByRole('button', { name: 'Create link' }).click();
  await expect(dialog.getByText('Link created.')).toBeVisible();
  await look(page, 'invite-link', 'over');
  await dialog.getByRole('button', { name: 'Copy invite link' }).click();
  await look(page, 'invite-link-copied', 'over');
  const address = (await dialog.locator('#invite-link').textContent())!;
  await page.goto('/clients/invite-link');
  await page.getByRole('button', { name: 'Create link' }).click();
  await page.goto('/clients/invite-link');
  await look(page, 'invite-link-page');
  return address;
}

async function fillIn(page: Page, email: string, words: string) {
  await page.getByLabel('First name').fill('Ana');
  await page.getByLabel('Last name').fill('López');
  await page.getByRole('main').getByLabel('Email', { exact: true }).fill(email);
  await page.getByRole('main').getByLabel('Password', { exact: true }).fill(words);
}

async function joining(ruh: Ruh, page: Page, address: string, visitor: () => Promise<Page>) {
  const ana = await visitor();
  await ana.goto(address);
  await look(ana, 'join');
  await fillIn(ana, 'ana@', 'password');
  await ana.getByRole('button', { name: 'Sign up' }).click();
  await expect(ana.locator('[data-error-summary]')).toBeVisible();
  await look(ana, 'join-errors');
  await fillIn(ana, 'ana@mail.example', 'a kettle on the stove');
  await ana.getByRole('button', { name: 'Sign up' }).click();
  await ana.waitForURL('/portal');
  await look(ana, 'portal-unconfirmed');
  await ana.goto('/portal/profile');
  await look(ana, 'portal-profile-unconfirmed');
  const link = linkIn(await ruh.mail.waitForMail('ana@mail.example'), /invitation/);
  await page.goto('/home');
  await look(page, 'home-sign-up');
  await page.getByRole('link', { name: 'Ana López' }).first().click();
  await expect(page.locator('.person-head')).toContainText('Email not confirmed');
  await look(page, 'client-sign-up');
  await page.goto('/clients');
  await look(page, 'clients-sign-up');
  await page.goto('/settings/groups');
  await look(page, 'groups-links');
  await page.goto(address);
  await look(page, 'join-signed-in');
  const elsewhere = await visitor();
  await elsewhere.goto(link);
  await look(elsewhere, 'confirm-sign-up');
  await elsewhere.getByRole('link', { name: 'Create a new password' }).click();
  await look(elsewhere, 'confirm-sign-up-new');
  await ana.goto(link);
  await look(ana, 'confirm-sign-up-here');
  await ana.getByRole('button', { name: 'Confirm my email' }).click();
  await ana.waitForURL('/portal');
  const again = await visitor();
  await again.goto(address);
  await fillIn(again, 'ana@mail.example', 'somebody else altogether');
  await again.getByRole('button', { name: 'Sign up' }).click();
  await again.waitForURL('/portal');
  await again.goto(linkIn(await ruh.mail.waitForMail('ana@mail.example', 2), /invitation/));
  await look(again, 'confirm-connect');
  await again.goto('/join/nothing-known');
  await look(again, 'join-dead');
}

test('groups and invite links', async ({ ruh, page, visitor }) => {
  test.setTimeout(600_000);
  await atHome(ruh, page);
  await groups(page);
  const address = await sharing(page);
  await joining(ruh, page, address, visitor);
  expect(problems.join('\n\n')).toBe('');
});
