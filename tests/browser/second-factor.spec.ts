// Two-step sign-in: set up with an app, asked for at the door, asked of a role, and reset after a lost device.
import { expect, type Page, type Ruh, test } from './support/ruh.ts';
import { accept, addClient, ana, atHome, invitationLink, look, owner, quick, signIn, toast, typeSignIn } from './support/people.ts';
import { beginSetUp, code, setUp, typeCode } from './support/codes.ts';

test.use(quick);
// Each page is looked at in light and dark, and there are many.
test.setTimeout(90_000);

const pia = { email: 'pia@riverside.example', password: 'the ferry at seven' };

/** A provider with an account of their own. */
function provider(ruh: Ruh) {
  const slug = 'riverside-counseling';
  ruh.runWith(pia.password, 'member', 'create', '--practice', slug, '--name', 'Pia Park', '--email', pia.email,
    '--role', 'provider', '--password-stdin');
}

async function signOut(page: Page) {
  await page.getByRole('button', { name: 'Account' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL(/\/sign-in/);
}

test('an owner sets it up, signs in with a code, and with a recovery code', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  await page.goto('/settings/security');
  await look(page);
  await page.getByRole('link', { name: 'Set up' }).click();
  await look(page);
  const secret = await beginSetUp(page, owner.password);
  await look(page);
  await expect(page.getByRole('img', { name: 'QR code for your authenticator app' })).toBeVisible();
  await typeCode(page, '000000', 'Turn on');
  await expect(page.locator('#code-error')).toContainText('This code was not taken');
  await look(page);
  const used = code(secret, -1);
  await typeCode(page, used, 'Turn on');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Two-step sign-in is on');
  await look(page);
  const recovery = await page.locator('#codes code').allInnerTexts();
  expect(new Set(recovery).size).toBe(10);
  await page.getByRole('link', { name: 'I have kept them' }).click();
  await expect(page.getByText('10 codes left.')).toBeVisible();
  await look(page);

  await signOut(page);
  await typeSignIn(page, owner);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Enter your code');
  await expect(page.getByRole('main').getByLabel('Code', { exact: true })).toBeFocused();
  await look(page);
  await typeCode(page, used, 'Sign in');
  await expect(page.locator('#code-error')).toContainText('This code was not taken');
  await typeCode(page, code(secret), 'Sign in');
  await expect(page).toHaveURL(/\/home$/);

  const phone = await visitor({ phone: true });
  await phone.goto('/settings/members');
  await typeSignIn(phone, owner);
  await phone.getByRole('link', { name: 'Lost your device?' }).click();
  await look(phone);
  await phone.getByRole('link', { name: 'Use a recovery code' }).click();
  await look(phone);
  await typeCode(phone, recovery[2]!.toUpperCase(), 'Sign in');
  await expect(phone).toHaveURL(/\/settings\/members$/);
  await look(phone);
});

test('a client sets it up in the portal', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  await addClient(page, { first: 'Ana', last: 'López', email: ana.email });
  const phone = await visitor({ phone: true });
  await accept(phone, await invitationLink(ruh, ana.email), ana.password);
  await phone.goto('/portal/security');
  await look(phone);
  await phone.getByRole('link', { name: 'Set up' }).click();
  const { secret } = await setUp(phone, ana.password);
  await look(phone);
  await phone.getByRole('link', { name: 'I have kept them' }).click();
  await expect(phone).toHaveURL(/\/portal\/security$/);
  await look(phone);
  await phone.getByRole('link', { name: 'Turn off' }).click();
  await look(phone);
  await phone.getByRole('main').getByLabel('Password', { exact: true }).fill(ana.password);
  await typeCode(phone, code(secret), 'Turn off');
  await expect(toast(phone, 'Two-step sign-in is off.')).toBeVisible();
});

test('asked of providers: nothing opens before it is set up; a lost device', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  provider(ruh);
  await page.goto('/settings/security');
  await page.getByRole('group', { name: 'Asked of' }).getByLabel('Providers').check();
  await page.getByRole('region', { name: 'Two-step sign-in for staff' }).getByRole('button', { name: 'Save changes' }).click();
  await expect(toast(page, 'Saved')).toBeVisible();

  const theirs = await visitor();
  await signIn(theirs, pia, /\/two-step\/set-up$/);
  await expect(theirs.getByText('Riverside Counseling asks you to sign in with two steps')).toBeVisible();
  await look(theirs);
  await theirs.goto('/clients');
  await expect(theirs).toHaveURL(/\/two-step\/set-up$/);
  const { secret } = await setUp(theirs, pia.password);
  await theirs.getByRole('link', { name: 'I have kept them' }).click();
  await expect(theirs).toHaveURL(/\/home$/);

  await page.goto('/settings/members');
  await look(page);
  await page.getByRole('link', { name: 'Pia Park' }).click();
  await look(page);
  await page.getByRole('button', { name: 'Reset two-step sign-in' }).click();
  await expect(page.getByText('Waiting until')).toBeVisible();
  await look(page);
  await theirs.goto('/settings/security');
  await expect(theirs.getByText('Somebody asked to turn this off')).toBeVisible();
  await look(theirs);
  await theirs.getByRole('button', { name: 'Stop it' }).click();
  await expect(toast(theirs, 'Stopped.')).toBeVisible();
  await page.reload();
  await expect(page.getByText('Waiting until')).toBeHidden();

  await signOut(theirs);
  await typeSignIn(theirs, pia);
  await typeCode(theirs, code(secret), 'Sign in');
  await expect(theirs).toHaveURL(/\/home$/);
});
