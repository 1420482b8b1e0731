// E3: a client stands at the desk without their password; the therapist makes a passphrase, the client gets in with it on
// their own phone and chooses a password that only they know.
import { expect, linkIn, test } from './support/ruh.ts';
import { accept, addClient, ana, atHome, look, quick, signIn, toast, typeSignIn } from './support/people.ts';

test.use(quick);

test('a passphrase at the desk', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  await addClient(page, ana);
  const link = linkIn(await ruh.mail.waitForMail(ana.email), /invitation/);
  const ways = page.getByRole('dialog', { name: "Change client's password" });
  const open = async () => {
    await page.getByRole('button', { name: 'Actions' }).click();
    await page.getByRole('button', { name: "Change client's password" }).click();
  };
  await test.step('who has no password yet gets the invitation', async () => {
    await open();
    await expect(ways).toContainText('They have no password yet');
    await look(page);
    await ways.getByRole('link', { name: 'Close' }).click();
  });

  await accept(await visitor({ phone: true }), link, ana.password);
  let words = '';
  await test.step('made, and shown once', async () => {
    await page.reload();
    await open();
    await look(page);
    await ways.getByRole('button', { name: 'Make passphrase' }).click();
    words = await ways.locator('#passphrase').innerText();
    expect(words.split('-')).toHaveLength(5);
    await expect(ways).toContainText('Shown this once');
    await look(page);
    await page.setViewportSize({ width: 390, height: 844 });
    await look(page);
    await page.setViewportSize({ width: 1280, height: 800 });
    await ways.getByRole('link', { name: 'Done' }).click();
    await open();
    await expect(ways).not.toContainText(words);
  });

  const phone = await visitor({ phone: true });
  await test.step('on the client\'s phone', async () => {
    await phone.goto('/sign-in');
    await typeSignIn(phone, { email: ana.email, password: words.replaceAll('-', ' ') });
    await expect(phone).toHaveURL(/\/portal\/password$/);
    await expect(phone.getByRole('heading', { level: 1 })).toHaveText('Choose a new password');
    await look(phone);
    await phone.goto('/portal');
    await expect(phone.getByRole('heading', { name: 'You signed in with a one-time passphrase' })).toBeVisible();
    await look(phone);
    await phone.getByRole('link', { name: 'Choose a new password' }).click();
    await phone.getByLabel('New password', { exact: true }).fill('short');
    await phone.getByRole('button', { name: 'Save password' }).click();
    await expect(phone.getByLabel('New password', { exact: true })).toHaveAccessibleDescription(/10 characters or more/);
    await phone.getByLabel('New password', { exact: true }).fill('a lamp by the window');
    await phone.getByRole('button', { name: 'Save password' }).click();
    await expect(phone).toHaveURL(/\/portal$/);
    await expect(toast(phone, 'Your password was changed.')).toBeVisible();
  });

  await test.step('changed once more, by whoever knows it', async () => {
    await phone.goto('/portal/security');
    await phone.getByRole('link', { name: 'Change password' }).click();
    await look(phone);
    await phone.getByLabel('Current password').fill('a lamp by the window');
    await phone.getByLabel('New password', { exact: true }).fill('three blue kettles');
    await phone.getByRole('button', { name: 'Save password' }).click();
    await expect(toast(phone, 'Your password was changed.')).toBeVisible();
    const anew = await visitor();
    await signIn(anew, { email: ana.email, password: 'three blue kettles' }, /\/portal$/);
  });
});
