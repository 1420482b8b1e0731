// Pictures of members, the practice's own settings and API tokens: target/pictures/<page>-<width>-<light|dark>.png.
import { type Page, desk, expect, fits, linkIn, phone, settled, targets, test } from './support/ruh.ts';
import { atHome, owner } from './support/people.ts';
import { root } from './support/process.ts';

test.use({ environment: { RUH_UNDO_SECONDS: '3' } });

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

async function invite(page: Page, who: { first: string; last: string; email: string; role: string }) {
  await page.goto('/settings/members/new');
  const main = page.getByRole('main');
  await main.getByLabel('First name', { exact: true }).fill(who.first);
  await main.getByLabel('Last name', { exact: true }).fill(who.last);
  await main.getByLabel('Email', { exact: true }).fill(who.email);
  await main.locator(`input[value=${who.role}]`).check();
  await main.getByRole('button', { name: 'Send invitation' }).click();
  await page.waitForURL('/settings/members');
}

const staff = [
  ['Maria del Carmen Fernández-Villaverde', 'maria.fernandez-villaverde@riverside.example', 'provider'],
  ['عبد الرحمن الخطيب', 'a.khatib@riverside.example', 'provider'],
  ['Jo Li', 'jo@riverside.example', 'admin'],
  ['Wolfgang-Maximilian von Hohenstein-Wolfeschlegelsteinhausenbergerdorff', 'wolfgang-maximilian@wolfeschlegelsteinhausen.example', 'support'],
];

test('members, practice, tokens', async ({ ruh, page, visitor }) => {
  test.setTimeout(600_000);
  await atHome(ruh, page);
  await page.goto('/settings/members');
  await look(page, 'members-alone');
  await page.getByRole('button', { name: 'Invite member' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel('First name', { exact: true })).toBeFocused();
  await look(page, 'member-invite', 'over');
  await dialog.getByRole('button', { name: 'Send invitation' }).click();
  await expect(dialog.locator('[data-error-summary]')).toBeVisible();
  await look(page, 'member-invite-errors', 'over');
  await page.goto('/settings/members/new');
  await look(page, 'member-invite-page');

  for (const [name, email, role] of staff) {
    ruh.runWith(owner.password, 'member', 'create', '--practice', 'riverside-counseling', '--name', name, '--email', email, '--role', role, '--password-stdin');
  }
  await invite(page, { first: 'Cleo', last: 'Court', email: 'cleo@riverside.example', role: 'provider' });
  await look(page, 'members-toast', 'over');
  const link = new URL(linkIn(await ruh.mail.waitForMail('cleo@riverside.example'), /join-staff/)).pathname;
  const cleo = await visitor();
  await cleo.goto(link);
  await look(cleo, 'join-staff');
  await cleo.getByRole('button', { name: 'Join' }).click();
  await expect(cleo.locator('[data-error-summary]')).toBeVisible();
  await look(cleo, 'join-staff-error');
  await invite(page, { first: 'Dora', last: 'Dunn', email: 'dora@riverside.example', role: 'support' });
  await page.goto('/settings/members');
  await page.getByRole('link', { name: 'Jo Li' }).click();
  await look(page, 'member');
  await page.getByRole('button', { name: 'Disable' }).click();
  await expect(page.locator('.toast')).toBeVisible();
  await look(page, 'members', 'over');
  await page.goto('/settings/members');
  await look(page, 'members-many');
  await page.getByRole('link', { name: 'Jo Li' }).click();
  await look(page, 'member-disabled');
  await page.goto('/settings/members');
  await page.getByRole('link', { name: 'Cleo Court' }).click();
  await page.getByRole('button', { name: 'Resend invitation' }).click();
  await ruh.mail.waitForMail('cleo@riverside.example', 2);
  await expect(async () => {
    await page.reload();
    await expect(page.getByRole('list').first().locator('b').first()).toHaveText('Sent', { timeout: 1000 });
  }).toPass();
  await page.locator('summary').last().click();
  await look(page, 'member-invitation');
  await cleo.goto(link);
  await look(cleo, 'join-staff-newer');
  await page.goto('/settings/members');
  await page.getByRole('link', { name: `${owner.first} ${owner.last}` }).click();
  await look(page, 'member-self');
  await page.getByLabel('Last name', { exact: true }).fill('');
  await page.getByRole('button', { name: 'Save changes' }).click();
  await expect(page.locator('[data-error-summary]')).toBeVisible();
  await look(page, 'member-errors');

  await page.goto('/settings/practice');
  await look(page, 'practice');
  await page.getByLabel('Practice name').fill('');
  await page.getByRole('button', { name: 'Save changes' }).click();
  await expect(page.locator('[data-error-summary]')).toBeVisible();
  await look(page, 'practice-errors');

  await page.goto('/settings/tokens');
  await look(page, 'tokens-none');
  for (const name of ['The website', 'A program with a rather long name, which somebody typed in full']) {
    await page.goto('/settings/tokens');
    await page.getByLabel('Name', { exact: true }).fill(name);
    await page.getByRole('button', { name: 'Create token' }).click();
    await expect(page.locator('#secret')).toBeVisible();
  }
  await look(page, 'token-new');
  ruh.run('token', 'create', '--email', 'a.khatib@riverside.example', '--name', 'His calendar');
  await page.goto('/settings/tokens');
  await look(page, 'tokens');
  await page.getByRole('button', { name: 'Revoke The website' }).click();
  await expect(page.getByRole('dialog').getByRole('button', { name: 'Revoke' })).toBeVisible();
  await look(page, 'token-revoke', 'over');
  const support = await visitor();
  await support.goto('/sign-in');
  await support.getByLabel('Email', { exact: true }).fill('wolfgang-maximilian@wolfeschlegelsteinhausen.example');
  await support.getByLabel('Password', { exact: true }).fill(owner.password);
  await support.getByRole('button', { name: 'Sign in' }).click();
  await support.waitForURL('/home');
  await support.goto('/settings/members');
  await look(support, 'members-not-yours');
  expect(problems.join('\n\n')).toBe('');
});
