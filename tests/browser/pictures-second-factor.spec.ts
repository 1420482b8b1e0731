// Pictures of two-step sign-in: target/pictures/<page>-<width>-<light|dark>.png.
import { type Page, desk, expect, fits, phone, settled, targets, test } from './support/ruh.ts';
import { atHome, owner, typeSignIn } from './support/people.ts';
import { beginSetUp, code, setUp, typeCode } from './support/codes.ts';
import { root } from './support/process.ts';

const wanted = process.env.RUH_PICTURES ?? '';
const problems: string[] = [];

async function look(page: Page, name: string) {
  if (!name.includes(wanted)) return;
  for (const size of [desk, phone]) {
    await page.setViewportSize(size);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await settled(page);
      const path = `${root}target/pictures/${name}-${size.width}-${colorScheme}.png`;
      await page.screenshot({ path, fullPage: true, animations: 'disabled', caret: 'hide' });
    }
    await targets(page).catch((error) => problems.push(`${name} at ${size.width}: ${error.message}`));
  }
  await fits(page).catch((error) => problems.push(`${name}: ${error.message}`));
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(desk);
}

const pia = { email: 'pia@riverside.example', password: 'the ferry at seven' };

test('two-step sign-in', async ({ ruh, page, visitor }) => {
  test.setTimeout(600_000);
  await atHome(ruh, page);
  ruh.runWith(pia.password, 'member', 'create', '--practice', 'riverside-counseling', '--name', 'Pia Park', '--email', pia.email,
    '--role', 'provider', '--password-stdin');
  await page.goto('/settings/security');
  await look(page, 'two-step-off');
  await page.goto('/two-step/set-up');
  await look(page, 'two-step-set-up');
  const secret = await beginSetUp(page, owner.password);
  await look(page, 'two-step-scan');
  await typeCode(page, '000000', 'Turn on');
  await look(page, 'two-step-scan-error');
  await typeCode(page, code(secret, -1), 'Turn on');
  await expect(page.locator('#codes')).toBeVisible();
  await look(page, 'two-step-codes');
  await page.goto('/settings/security');
  await look(page, 'two-step-on');
  await page.goto('/two-step/off');
  await look(page, 'two-step-turn-off');
  await page.goto('/settings/security');
  await page.getByRole('group', { name: 'Asked of' }).getByLabel('Providers').check();
  await page.getByRole('region', { name: 'Two-step sign-in for staff' }).getByRole('button', { name: 'Save changes' }).click();

  const door = await visitor();
  await door.goto('/sign-in');
  await typeSignIn(door, owner);
  await look(door, 'two-step-code');
  await typeCode(door, '000000', 'Sign in');
  await look(door, 'two-step-code-error');
  await door.goto('/sign-in/code?with=recovery');
  await look(door, 'two-step-recovery');
  await door.goto('/sign-in/lost-device');
  await look(door, 'two-step-lost-device');

  const theirs = await visitor();
  await theirs.goto('/sign-in');
  await typeSignIn(theirs, pia);
  await look(theirs, 'two-step-asked');
  await setUp(theirs, pia.password);
  await page.goto('/settings/members');
  await look(page, 'two-step-members');
  await page.getByRole('link', { name: 'Pia Park' }).click();
  await look(page, 'two-step-member');
  await page.getByRole('button', { name: 'Reset two-step sign-in' }).click();
  await expect(page.getByText('Waiting until')).toBeVisible();
  await look(page, 'two-step-member-reset');
  await theirs.goto('/settings/security');
  await look(theirs, 'two-step-reset-asked');
  expect(problems.join('\n')).toBe('');
});
