// Share Invite Link, and signing up by it: on a phone, with an address that is new and one that has an account, and what
// a revoked or renewed link says.
import { expect, linkIn, type Page, test } from './support/ruh.ts';
import {
  accept, addClient, ana, atHome, invitationLink, look, lookWithout, openAddClient, owner, quick, signIn, tells, typeSignIn,
} from './support/people.ts';

test.use(quick);

/** Opens the tab in the dialog of Add Client. */
async function openShare(page: Page) {
  const dialog = await openAddClient(page);
  await dialog.getByRole('link', { name: 'Share Invite Link' }).click();
  await expect(dialog.getByLabel('Group')).toBeFocused();
  return dialog;
}

/** Makes the link for a group and the owner; its address. */
async function makeLink(page: Page, group: string): Promise<string> {
  const dialog = await openShare(page);
  await dialog.getByLabel('Group').selectOption({ label: group });
  await dialog.getByRole('button', { name: 'Create link' }).click();
  return (await dialog.locator('#invite-link').textContent())!;
}

async function fillIn(page: Page, who: { first: string; last: string; email: string; password: string }) {
  const main = page.getByRole('main');
  await main.getByLabel('First name').fill(who.first);
  await main.getByLabel('Last name').fill(who.last);
  await main.getByLabel('Email', { exact: true }).fill(who.email);
  await main.getByLabel('Password', { exact: true }).fill(who.password);
}

const note = (page: Page) => page.getByRole('heading', { name: 'Confirm your email' });

test('a link is chosen, copied and shown as a code; somebody signs up on a phone', async ({ ruh, page, visitor, context }) => {
  await atHome(ruh, page);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const dialog = await openShare(page);
  await expect(dialog.getByText('There is no link for No group · Sam Reed')).toBeVisible();
  await look(page);
  await dialog.getByLabel('Group').selectOption({ label: 'Couples' });
  await expect(dialog.getByText('There is no link for Couples · Sam Reed')).toBeVisible();
  await dialog.getByRole('button', { name: 'Create link' }).click();
  await expect(dialog.getByText('Link created.')).toBeVisible();
  const shown = dialog.locator('#invite-link');
  await expect(shown).toHaveText(new RegExp(`^${ruh.url}/join/[\\w-]{80,}$`));
  const couples = (await shown.textContent())!;
  await look(page);

  await test.step('the link changes with the choice, and comes back', async () => {
    await dialog.getByLabel('Group').selectOption({ label: 'Minors' });
    await dialog.getByRole('button', { name: 'Create link' }).click();
    await expect(shown).not.toHaveText(couples);
    await dialog.getByLabel('Group').selectOption({ label: 'Couples' });
    await expect(shown).toHaveText(couples);
    await dialog.getByLabel('Primary provider').selectOption({ label: 'Nobody yet' });
    await expect(dialog.getByText('There is no link for Couples · nobody yet')).toBeVisible();
    await dialog.getByLabel('Primary provider').selectOption({ label: 'Sam Reed' });
    await expect(shown).toHaveText(couples);
  });

  await test.step('the copy icon copies exactly it, and says so', async () => {
    await dialog.getByRole('button', { name: 'Copy invite link' }).click();
    await expect(page.locator('#say')).toHaveText('Copied.');
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(couples);
  });

  await test.step('the code is there, black on white in the dark too', async () => {
    const code = dialog.getByRole('img', { name: 'QR code of the invite link' });
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect(code.locator('rect')).toHaveCSS('fill', 'rgb(255, 255, 255)');
    await expect(code.locator('path')).toHaveCSS('fill', 'rgb(0, 0, 0)');
    await page.emulateMedia({ colorScheme: 'light' });
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      dialog.getByRole('link', { name: 'Download QR code' }).click(),
    ]);
    expect(file.suggestedFilename()).toBe('invite-link-qr.svg');
  });

  const phone = await visitor({ phone: true });
  await test.step('on a phone: the form, and the portal', async () => {
    await phone.goto(couples);
    await expect(phone).toHaveURL(/\/join$/);
    await expect(phone.getByRole('heading', { level: 1 })).toHaveText('Welcome to Riverside Counseling');
    await expect(phone.getByText('with Sam Reed')).toBeVisible();
    await look(phone);
    await fillIn(phone, { ...ana, password: 'short' });
    await phone.getByRole('button', { name: 'Sign up' }).click();
    await expect(phone.getByLabel('Password', { exact: true })).toHaveAccessibleDescription(/10 characters or more/);
    await expect(phone.getByLabel('Email', { exact: true })).toHaveValue(ana.email);
    await look(phone);
    await phone.getByLabel('Password', { exact: true }).fill(ana.password);
    await phone.getByRole('button', { name: 'Sign up' }).click();
    await expect(phone).toHaveURL(/\/portal$/);
    await expect(phone.getByRole('heading', { level: 1 })).toHaveText('Hello, Ana');
    await expect(phone.getByText(`We sent a link to ${ana.email}.`)).toBeVisible();
    await look(phone);
  });

  await test.step('the practice sees who came, and that the email waits', async () => {
    await page.goto('/home');
    await expect(page.getByRole('region', { name: 'Signed up, email not confirmed yet' })).toContainText('Ana López');
    await look(page);
    await page.getByRole('link', { name: 'Ana López' }).first().click();
    await expect(page.getByText('Signed up by invite link · Couples')).toBeVisible();
    await expect(page.locator('.person-head')).toContainText('Email not confirmed');
    await look(page);
  });

  await test.step('send again, and confirm with one press', async () => {
    await ruh.mail.waitForMail(ana.email);
    await phone.getByRole('button', { name: 'Send again' }).click();
    const mail = await ruh.mail.waitForMail(ana.email, 2);
    expect(mail.subject).toBe('Please confirm your email');
    expect(mail.text).not.toContain('Ana');
    await phone.goto(linkIn(mail, /invitation/));
    await expect(phone.getByText('One press, and your email is confirmed.')).toBeVisible();
    await look(phone);
    await phone.getByRole('button', { name: 'Confirm my email' }).click();
    await expect(phone).toHaveURL(/\/portal$/);
    await expect(note(phone)).toHaveCount(0);
  });

  await test.step('the provider is told, and no name is in the mail', async () => {
    const mail = await ruh.mail.waitForMail(owner.email);
    expect(mail.subject).toBe('Somebody joined');
    expect(mail.text).not.toMatch(/Ana|López/);
    await page.reload();
    await expect(page.locator('.person-head')).toContainText('In the portal');
    await tells(page, 'Queued', 'Sent', 'Link opened', 'Accepted');
    const anywhere = await visitor();
    await signIn(anywhere, ana, /\/portal$/);
  });
});

test('an address that has an account: nothing of it is touched or shown', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  const address = await makeLink(page, 'Couples');
  await addClient(page, { ...ana, last: 'Before' });
  const hers = await visitor();
  await accept(hers, await invitationLink(ruh, ana.email));

  const stranger = await visitor({ phone: true });
  await stranger.goto(address);
  await fillIn(stranger, { ...ana, password: 'somebody else altogether' });
  await stranger.getByRole('button', { name: 'Sign up' }).click();
  await expect(stranger).toHaveURL(/\/portal$/);
  await expect(note(stranger)).toBeVisible();
  await expect(stranger.getByText('Before')).toHaveCount(0);
  await expect(stranger.getByRole('link', { name: 'Switch' })).toHaveCount(0);
  const away = await visitor();
  await away.goto('/sign-in');
  await typeSignIn(away, { email: ana.email, password: 'somebody else altogether' });
  await expect(away.getByText('The email or the password is not right')).toBeVisible();

  const mail = await ruh.mail.waitForMail(ana.email, 2);
  await hers.goto(linkIn(mail, /invitation/));
  await expect(hers.getByRole('heading', { level: 1 })).toHaveText('Connect your account');
  await look(hers);
  const password = hers.getByRole('main').getByLabel('Password', { exact: true });
  await password.fill('somebody else altogether');
  await hers.getByRole('button', { name: 'Sign in and connect' }).click();
  await expect(password).toHaveAccessibleDescription(/not right/);
  await look(hers);
  await password.fill(ana.password);
  await hers.getByRole('button', { name: 'Sign in and connect' }).click();
  await expect(hers).toHaveURL(/\/portal$/);
  await expect(hers.getByRole('link', { name: 'Switch' })).toBeVisible();
  await stranger.goto('/portal');
  await expect(stranger.getByRole('button', { name: 'Sign in' })).toBeVisible();
  expect((await ruh.mail.waitForMail(owner.email)).subject).toBe('Somebody joined');
});

test('a new password instead of the one that was chosen shuts the first browser out', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  const address = await makeLink(page, 'Couples');
  const stranger = await visitor();
  await stranger.goto(address);
  await fillIn(stranger, { ...ana, password: 'somebody else altogether' });
  await stranger.getByRole('button', { name: 'Sign up' }).click();
  await expect(note(stranger)).toBeVisible();
  const phone = await visitor({ phone: true });
  await phone.goto(linkIn(await ruh.mail.waitForMail(ana.email), /invitation/));
  await look(phone);
  await phone.getByRole('main').getByLabel('Password', { exact: true }).fill(ana.password);
  await phone.getByRole('button', { name: 'Confirm my email' }).click();
  await expect(phone.getByText('not the password that was chosen').first()).toBeVisible();
  await look(phone);
  await phone.getByRole('link', { name: 'Create a new password' }).click();
  await look(phone);
  await phone.getByRole('main').getByLabel('New password', { exact: true }).fill(ana.password);
  await phone.getByRole('button', { name: 'Create password' }).click();
  await expect(phone).toHaveURL(/\/portal$/);
  await stranger.goto('/portal');
  await expect(stranger.getByRole('button', { name: 'Sign in' })).toBeVisible();
});

test('renewed and revoked links', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  const first = await makeLink(page, 'Couples');
  const dialog = page.getByRole('dialog', { name: 'Add Client' });
  await dialog.getByRole('button', { name: 'Renew link' }).click();
  await expect(dialog.getByText('Link renewed. The one before has ended.')).toBeVisible();
  await look(page);
  const second = (await dialog.locator('#invite-link').textContent())!;
  expect(second).not.toBe(first);
  const phone = await visitor({ phone: true });
  await phone.goto(first);
  await expect(phone.getByRole('heading', { level: 1 })).toHaveText('This link is no longer in use');
  await expect(phone.getByText('Riverside')).toHaveCount(0);
  await look(phone);
  await phone.goto(second);
  await fillIn(phone, ana);

  await page.goto('/settings/groups');
  const links = page.getByRole('region', { name: 'Invite links' });
  await expect(links).toContainText('Sam Reed · opened once · 0 signed up');
  await look(page);
  await links.getByRole('button', { name: 'Revoke: Couples, Sam Reed' }).click();
  await expect(links).toHaveCount(0);
  await phone.getByRole('button', { name: 'Sign up' }).click();
  await expect(phone.getByRole('heading', { level: 1 })).toHaveText('This link is no longer in use');
  const shared = await openShare(page);
  await shared.getByLabel('Group').selectOption({ label: 'Couples' });
  await expect(shared.getByRole('button', { name: 'Create link' })).toBeVisible();
});

test('without script a link is made, and signing up works', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  const plain = await visitor({ scripts: false });
  await signIn(plain, owner, /\/home$/);
  await plain.goto('/clients/invite-link');
  await plain.getByLabel('Group').selectOption({ label: 'Minors' });
  await plain.getByRole('button', { name: 'Show link' }).click();
  await expect(plain.getByText('There is no link for Minors')).toBeVisible();
  await plain.getByRole('button', { name: 'Create link' }).click();
  const address = (await plain.locator('#invite-link').textContent())!;
  const phone = await visitor({ scripts: false, phone: true });
  await phone.goto(address);
  await lookWithout(phone, await visitor());
  await phone.goto(address);
  await fillIn(phone, ana);
  await phone.getByRole('button', { name: 'Sign up' }).click();
  await expect(phone).toHaveURL(/\/portal$/);
  await expect(note(phone)).toBeVisible();
});
