// Passwords, addresses and sessions: the forgotten password, the mistyped email, and where one is signed in.
import { expect, linkIn, test } from './support/ruh.ts';
import {
  accept, addClient, ana, atHome, invitationLink, look, owner, personalInformation, practice, quick, signIn, tells, toast,
  typeSignIn,
} from './support/people.ts';

test.use(quick);

test('the forgotten password', async ({ ruh, page, visitor }) => {
  practice(ruh);
  await page.goto('/sign-in');
  await look(page);
  await typeSignIn(page, { ...owner, password: 'not this one at all' });
  await expect(page.getByRole('alert')).toContainText('The email or the password is not right');
  await expect(page.getByLabel('Email', { exact: true })).toHaveValue(owner.email);
  await look(page);

  const ask = async (email: string) => {
    await page.goto('/sign-in');
    await page.getByRole('link', { name: 'Forgot your password?' }).click();
    await page.getByLabel('Email').fill(email);
    await page.getByRole('button', { name: 'Send link' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Check your email');
    return page.getByRole('main').innerText();
  };
  await page.goto('/forgot');
  await look(page);
  // A stranger's address is answered in the same words, and gets nothing.
  const unknown = await ask('nobody@mail.example');
  await look(page);
  expect(await ask(owner.email)).toBe(unknown);
  const first = linkIn(await ruh.mail.waitForMail(owner.email), /reset/);
  await ask(owner.email);
  const mail = await ruh.mail.waitForMail(owner.email, 2);
  expect(mail.subject).toBe('Choose a new password');
  expect(await ruh.mail.mails('nobody@mail.example')).toEqual([]);

  const phone = await visitor({ phone: true });
  await phone.goto(first);
  await expect(phone.getByText('This link was replaced by a newer one')).toBeVisible();
  await look(phone);
  await phone.goto(linkIn(mail, /reset/));
  await expect(phone).toHaveURL(/\/reset$/);
  await look(phone);
  await phone.getByLabel('New password', { exact: true }).fill('password12');
  await phone.getByRole('button', { name: 'Save password' }).click();
  await expect(phone.getByLabel('New password', { exact: true })).toHaveAccessibleDescription(/guessed/);
  const renewed = { email: owner.email, password: 'a garden under snow' };
  await phone.getByLabel('New password', { exact: true }).fill(renewed.password);
  await phone.getByRole('button', { name: 'Save password' }).click();
  await expect(phone.getByText('Your new password is set.')).toBeVisible();
  await look(phone);
  await typeSignIn(phone, renewed);
  await expect(phone).toHaveURL(/\/home$/);

  await phone.goto(linkIn(mail, /reset/));
  await expect(phone.getByText('This link was used already.')).toBeVisible();
  await page.goto('/sign-in');
  await typeSignIn(page, owner);
  await expect(page.getByRole('alert')).toContainText('The email or the password is not right');
});

test('a mistyped email put right before anybody came in', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  const mistyped = { ...ana, email: 'ana@mial.example' };
  await addClient(page, mistyped);
  const strangers = await invitationLink(ruh, mistyped.email);
  const form = await personalInformation(page);
  await look(page);
  await form.getByLabel('Email', { exact: true }).fill(ana.email);
  await form.getByRole('button', { name: 'Save changes' }).click();
  await expect(toast(page, 'The new address is asked')).toBeVisible();
  const right = await invitationLink(ruh, ana.email);
  await tells(page, 'Queued', 'Sent');
  await expect(page.getByRole('region', { name: 'Invitation' })).toContainText('Ended: the email was changed');
  await look(page);

  const phone = await visitor({ phone: true });
  await phone.goto(strangers);
  await expect(phone.getByRole('heading', { level: 1 })).toHaveText('This link does not work');
  await expect(phone.getByRole('main')).not.toContainText(/Ana|Riverside|mail\.example/);
  await look(phone);
  await accept(phone, right);
  // A stranger's address is told nothing.
  expect(await ruh.mail.mails(mistyped.email)).toHaveLength(1);
});

test('an email changed after the client came in', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  const address = await addClient(page, ana);
  const phone = await visitor({ phone: true });
  await accept(phone, await invitationLink(ruh, ana.email));

  await page.goto(address);
  const form = await personalInformation(page);
  const moved = { email: 'ana.lopez@other.example', password: ana.password };
  await form.getByLabel('Email', { exact: true }).fill(moved.email);
  await form.getByRole('button', { name: 'Save changes' }).click();
  await expect(toast(page, 'Saved. The new address is asked to confirm.')).toBeVisible();
  const confirm = await invitationLink(ruh, moved.email);
  const told = await ruh.mail.waitForMail(ana.email, 2);
  expect(told.subject).toBe('Your sign-in address was changed');
  expect(told.text).toContain('Until the new address is confirmed, this one still signs in.');
  expect(told.text).not.toContain(moved.email);

  // Her session is over; the old address still signs in.
  await phone.goto('/portal');
  await expect(phone.getByText('Please sign in to go on.')).toBeVisible();
  await look(phone);
  await signIn(phone, ana, /\/portal$/);

  const desk = await visitor();
  await desk.goto(confirm);
  await expect(desk.getByRole('heading', { level: 1 })).toHaveText('Confirm your email');
  await look(desk);
  await desk.getByLabel('New password', { exact: true }).fill(moved.password);
  await desk.getByRole('button', { name: 'Confirm email' }).click();
  await expect(desk).toHaveURL(/\/portal$/);
  const other = await visitor();
  await signIn(other, moved, /\/portal$/);
  await other.goto('/portal/security');
  await look(other);
  const old = await visitor();
  await old.goto('/sign-in');
  await typeSignIn(old, ana);
  await expect(old.getByRole('alert')).toContainText('The email or the password is not right');
  await page.goto(address);
  await tells(page, 'Queued', 'Sent', 'Link opened', 'Accepted');
});

test('sessions are listed and ended in Settings > Security', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  const laptop = await visitor({ options: { userAgent: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15' } });
  await signIn(laptop, owner, /\/home$/);
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'Security' }).click();
  await expect(page).toHaveURL(/\/settings\/security$/);
  const list = page.getByRole('region', { name: 'Where you are signed in' }).getByRole('listitem');
  await expect(list).toHaveCount(2);
  await expect(list.first()).toContainText('This device');
  await expect(list.first()).toContainText(/Chrome on Linux/);
  await expect(list.last()).toContainText(/Safari on Mac/);
  await look(page);
  await list.last().getByRole('button', { name: 'End', exact: true }).click();
  await expect(toast(page, 'Ended.')).toBeVisible();
  await expect(list).toHaveCount(1);

  await laptop.goto('/clients');
  await expect(laptop.getByText('Please sign in to go on.')).toBeVisible();
  await look(laptop);
  await typeSignIn(laptop, owner);
  await expect(laptop, 'back where they were').toHaveURL(/\/clients$/);
  await laptop.goto('/settings/security');
  await laptop.getByRole('button', { name: 'End all others' }).click();
  await expect(toast(laptop, 'Ended.')).toBeVisible();
  await page.goto('/home');
  await expect(page.getByText('Please sign in to go on.')).toBeVisible();
});
