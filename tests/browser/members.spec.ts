// The people of a practice: invited, let in, kept to their role, and let go.
import { expect, linkIn, type Page, test } from './support/ruh.ts';
import { addClient, ana, atHome, look, owner, quick, signIn, soon, toast } from './support/people.ts';

test.use(quick);

const cleo = { first: 'Cleo', last: 'Court', email: 'cleo@riverside.example', password: 'paper boats downstream' };

/** Adds a member from the shell: journeys that are about something else need no mail. */
function member(ruh: Parameters<typeof atHome>[0], name: string, role: string) {
  const email = `${name.split(' ')[0]!.toLowerCase()}@riverside.example`;
  ruh.runWith(cleo.password, 'member', 'create', '--practice', 'riverside-counseling', '--name', name, '--email', email, '--role', role, '--password-stdin');
  return { email, password: cleo.password };
}

async function invite(page: Page, who: { first: string; last: string; email: string }, role: string) {
  await page.goto('/settings/members');
  await page.getByRole('button', { name: 'Invite member' }).click();
  const dialog = page.getByRole('dialog', { name: 'Invite member' });
  await dialog.getByLabel('First name', { exact: true }).fill(who.first);
  await dialog.getByLabel('Last name', { exact: true }).fill(who.last);
  await dialog.getByLabel('Email', { exact: true }).fill(who.email);
  await dialog.getByRole('radio', { name: new RegExp(`^${role}`) }).check();
  await dialog.getByRole('button', { name: 'Send invitation' }).click();
  await expect(dialog).toBeHidden();
}

const row = (page: Page, name: string) => page.getByRole('row').filter({ hasText: name });

test('a colleague is invited, joins on a phone, and is let go', async ({ ruh, page, visitor, guard }) => {
  await atHome(ruh, page);
  await page.getByRole('link', { name: 'Settings' }).click();
  await expect(page).toHaveURL(/\/settings\/practice$/);
  await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'Members' }).click();
  await look(page);
  await page.getByRole('button', { name: 'Invite member' }).click();
  const dialog = page.getByRole('dialog', { name: 'Invite member' });
  await expect(dialog.getByLabel('First name', { exact: true })).toBeFocused();
  await look(page);
  // A mistake keeps what was typed, and says so beside the field.
  await dialog.getByLabel('First name', { exact: true }).fill(cleo.first);
  await dialog.getByLabel('Email', { exact: true }).fill('cleo');
  await dialog.getByRole('radio', { name: /^Support/ }).check();
  guard.allow(/422/);
  await dialog.getByRole('button', { name: 'Send invitation' }).click();
  await expect(dialog.getByRole('alert')).toContainText('Last name');
  await expect(dialog.getByLabel('Email', { exact: true })).toHaveAccessibleDescription(/not an email address/);
  await expect(dialog.getByLabel('First name', { exact: true })).toHaveValue(cleo.first);
  await expect(dialog.getByRole('radio', { name: /^Support/ })).toBeChecked();
  await look(page);
  await page.goto('/settings/members');
  await invite(page, cleo, 'Provider');
  await expect(toast(page, 'The invitation leaves in a moment.')).toBeVisible();
  await expect(row(page, 'Cleo Court')).toContainText('Provider');
  await look(page);
  const mail = await ruh.mail.waitForMail(cleo.email);
  expect(mail.subject).toBe('Your invitation');
  const link = linkIn(mail, /join-staff/);

  // Until she joins, there is nothing for her anywhere.
  const phone = await visitor({ phone: true });
  await phone.goto(link);
  await expect(phone).toHaveURL(/\/join-staff$/);
  await expect(phone.getByRole('heading', { level: 1 })).toHaveText('Welcome, Cleo');
  await look(phone);
  await phone.goto('/clients');
  await expect(phone.getByText('Please sign in to go on.')).toBeVisible();
  await page.goto('/settings/members');
  await expect(row(page, 'Cleo Court')).toContainText('Link opened');

  await phone.goto(link);
  await phone.getByLabel('Password', { exact: true }).fill(cleo.password);
  await phone.getByRole('button', { name: 'Join' }).click();
  await expect(phone).toHaveURL(/\/home$/);
  await page.reload();
  await expect(row(page, 'Cleo Court')).toContainText('Active');
  await phone.goto('/settings');
  await expect(phone).toHaveURL(/\/settings\/groups$/);
  await expect(phone.getByRole('link', { name: 'Members' })).toHaveCount(0);

  // She is the provider of one client when she leaves.
  const dialogOf = await visitor();
  await signIn(dialogOf, cleo, /\/home$/);
  await addClient(dialogOf, { first: ana.first, last: ana.last }, false);
  await page.getByRole('link', { name: 'Cleo Court' }).click();
  const leaving = page.getByRole('region', { name: 'Disable' });
  await expect(leaving.getByRole('link', { name: '1 client' })).toHaveAttribute('href', /\/clients\?provider_id=/);
  await look(page);
  await leaving.getByRole('button', { name: 'Disable' }).click();
  await expect(toast(page, 'Disabled. They are signed out.')).toBeVisible();
  await expect(row(page, 'Cleo Court')).toContainText('Disabled');
  await look(page);
  await phone.goto('/clients');
  await expect(phone.getByText('Please sign in to go on.')).toBeVisible();
  // Nobody can be given to her any more; her client keeps her until somebody else is chosen.
  await page.goto('/clients/new');
  await expect(page.getByLabel('Primary provider').getByRole('option', { name: /Cleo/ })).toHaveCount(0);
  await page.goto('/clients');
  await page.getByRole('link', { name: 'Ana López' }).click();
  await expect(page.getByText('Cleo Court (no longer a provider)').first()).toBeVisible();
});

test('Undo, Resend and Withdraw', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  await invite(page, cleo, 'Admin');
  const first = linkIn(await ruh.mail.waitForMail(cleo.email), /join-staff/);
  await page.goto('/settings/members');
  await row(page, 'Cleo Court').getByRole('button', { name: 'Resend' }).click();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(toast(page, 'Undone. No mail was sent.')).toBeVisible();
  await page.getByRole('link', { name: 'Cleo Court' }).click();
  await page.getByRole('button', { name: 'Resend invitation' }).click();
  const second = linkIn(await ruh.mail.waitForMail(cleo.email, 2), /join-staff/);
  expect(second).not.toBe(first);
  await expect(async () => {
    await page.reload();
    await expect(page.getByRole('region', { name: 'Invitation' })).toContainText('Replaced', { timeout: 500 });
  }).toPass(soon);
  await look(page);

  const desk = await visitor();
  await desk.goto(first);
  await expect(desk.getByRole('heading', { level: 1 })).toHaveText('A newer link was sent');
  await look(desk);
  await page.getByRole('button', { name: 'Withdraw' }).click();
  await expect(toast(page, 'Withdrawn.')).toBeVisible();
  await expect(page.getByText('Cleo Court')).toHaveCount(0);
  await desk.goto(second);
  await expect(desk.getByRole('heading', { level: 1 })).toHaveText('This link does not work');
  await expect(desk.getByRole('main')).not.toContainText(/Cleo|Riverside|riverside/);
  await look(desk);
});

test('a support person and an admin do what they may, and meet a friendly refusal elsewhere', async ({ ruh, page, visitor, guard }) => {
  await atHome(ruh, page);
  const support = member(ruh, 'Sasha Stone', 'support');
  const admin = member(ruh, 'Ada Adler', 'admin');
  guard.allow(/403/);

  const sasha = await visitor();
  await signIn(sasha, support, /\/home$/);
  await addClient(sasha, ana);
  await ruh.mail.waitForMail(ana.email);
  await sasha.goto('/clients/new');
  const providers = sasha.getByLabel('Primary provider');
  await expect(providers.getByRole('option', { name: 'Sam Reed' })).toHaveCount(1);
  await expect(providers.getByRole('option', { name: 'Sasha Stone' })).toHaveCount(0);
  await sasha.getByRole('link', { name: 'Settings' }).click();
  const menu = sasha.getByRole('navigation', { name: 'Settings' });
  await expect(menu.getByRole('link')).toHaveText(['Groups', 'Chat', 'Newsfeed', 'Security', 'API tokens']);
  for (const path of ['/settings/members', '/settings/practice', '/settings/members/new']) {
    await sasha.goto(path);
    await expect(sasha.getByRole('heading', { level: 1 })).toHaveText('This part is for owners and admins');
    await expect(sasha.getByRole('main')).toContainText('ask an owner or an admin');
  }
  await look(sasha);

  const ada = await visitor();
  await signIn(ada, admin, /\/home$/);
  await ada.goto('/settings/members');
  await ada.getByRole('link', { name: 'Sasha Stone' }).click();
  await ada.getByRole('radio', { name: /^Provider/ }).check();
  await ada.getByRole('button', { name: 'Save changes' }).click();
  await expect(toast(ada, 'Saved.')).toBeVisible();
  await expect(row(ada, 'Sasha Stone')).toContainText('Provider');
  await expect(row(ada, 'Sasha Stone')).toContainText('sees clients');
  // An owner is not hers to change.
  await ada.getByRole('link', { name: `${owner.first} ${owner.last}` }).click();
  await expect(ada.getByRole('main')).toContainText('Only an owner can change an owner');
  await expect(ada.getByRole('button', { name: 'Disable' })).toHaveCount(0);
  await look(ada);
  await ada.goto('/settings/members/new');
  await expect(ada.getByRole('radio')).toHaveCount(3);
  await ada.goto('/settings/members');
  await ada.getByRole('link', { name: 'Ada Adler (you)' }).click();
  await expect(ada.getByRole('radio')).toHaveCount(1);
  await expect(ada.getByRole('button', { name: 'Disable' })).toHaveCount(0);
});

test('a token is shown once, and stops when it is revoked', async ({ ruh, page }) => {
  await atHome(ruh, page);
  await page.goto('/settings/tokens');
  await look(page);
  await page.getByLabel('Name', { exact: true }).fill('The website');
  await page.getByRole('button', { name: 'Create token' }).click();
  const secret = await page.locator('#secret').innerText();
  await look(page);
  const ask = () => fetch(`${ruh.url}/api/v1/practice`, { headers: { authorization: `Bearer ${secret}` } });
  expect((await ask()).status).toBe(200);
  await page.goto('/settings/tokens');
  await expect(page.getByRole('main')).toContainText('last used about');
  expect(await page.content()).not.toContain(secret);
  await page.getByRole('button', { name: 'Revoke The website' }).click();
  const dialog = page.getByRole('dialog', { name: 'Revoke token' });
  await expect(dialog).toContainText('Whatever uses it is refused from its next request on.');
  await look(page);
  await dialog.getByRole('button', { name: 'Revoke', exact: true }).click();
  await expect(toast(page, 'Revoked.')).toBeVisible();
  await expect(page.getByRole('main')).toContainText('None yet.');
  expect((await ask()).status).toBe(401);
});

test('the practice changes its name, and two who save at once see both', async ({ ruh, page, visitor, guard }) => {
  await atHome(ruh, page);
  await page.goto('/settings/practice');
  await look(page);
  const other = await visitor();
  await signIn(other, owner, /\/home$/);
  await other.goto('/settings/practice');
  await page.getByLabel('Practice name').fill('Riverside and Friends');
  await page.getByRole('button', { name: 'Save changes' }).click();
  await expect(toast(page, 'Saved.')).toBeVisible();
  await expect(page.getByRole('banner')).toContainText('Riverside and Friends');
  guard.allow(/409/);
  await other.getByLabel('Practice name').fill('Riverside Two');
  await other.getByRole('button', { name: 'Save changes' }).click();
  await expect(other.getByRole('alert')).toContainText('Somebody else saved this');
  await expect(other.getByLabel('Practice name')).toHaveValue('Riverside Two');
  await expect(other.getByRole('main')).toContainText('Riverside and Friends');
  await look(other);
  await other.getByRole('button', { name: 'Save changes' }).click();
  await expect(other.getByRole('banner')).toContainText('Riverside Two');
});

test('joining works without script', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  await invite(page, cleo, 'Support');
  const link = linkIn(await ruh.mail.waitForMail(cleo.email), /join-staff/);
  const plain = await visitor({ scripts: false });
  await plain.goto(link);
  await plain.getByLabel('Password', { exact: true }).fill(cleo.password);
  await plain.getByRole('button', { name: 'Join' }).click();
  await expect(plain).toHaveURL(/\/home$/);
});
