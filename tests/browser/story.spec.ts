// The story: a therapist adds a client, and the client gets in; and what may happen on the way.
import { expect, linkIn, test } from './support/ruh.ts';
import {
  accept, addClient, ana, atHome, invitationLink, look, openAddClient, owner, quick, soon, tells, toast,
} from './support/people.ts';

test.describe('with one second to undo', () => {
  test.use(quick);

  test('from the setup link to the portal', async ({ ruh, page, visitor }) => {
    await test.step('the setup link makes the practice and its owner', async () => {
      await page.goto(ruh.setupLink);
      await expect(page).toHaveURL(/\/setup$/);
      await look(page);
      await page.getByLabel('Practice name').fill('Riverside Counseling');
      await page.getByLabel('Time zone').selectOption('America/Chicago');
      await page.getByLabel('First name').fill(owner.first);
      await page.getByLabel('Last name').fill(owner.last);
      await page.getByLabel('Email').fill(owner.email);
      await page.getByLabel('Password', { exact: true }).fill('tooshort');
      await page.getByRole('button', { name: 'Create practice' }).click();
      await expect(page.getByLabel('Password', { exact: true })).toHaveAccessibleDescription(/10 characters or more/);
      await expect(page.getByLabel('Practice name')).toHaveValue('Riverside Counseling');
      await look(page);
      await page.getByLabel('Password', { exact: true }).fill(owner.password);
      await page.getByRole('button', { name: 'Create practice' }).click();
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Hello, Sam');
      await expect(page).toHaveURL(/\/home$/);
      await look(page);
      const stranger = await visitor();
      await stranger.goto(ruh.setupLink);
      await expect(stranger.getByRole('heading', { level: 1 })).toHaveText('There is nothing here');
    });

    await test.step('Clients is empty and says what to do', async () => {
      await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Clients' }).click();
      await expect(page.getByRole('heading', { name: 'Add your first client' })).toBeVisible();
      await look(page);
    });

    await test.step('Add Client', async () => {
      await page.getByRole('button', { name: 'Add Client' }).click();
      const dialog = page.getByRole('dialog', { name: 'Add Client' });
      await expect(dialog.getByLabel('First name')).toBeFocused();
      await expect(dialog.getByLabel('Primary provider')).toHaveValue(/./);
      await expect(dialog.getByLabel('Send invitation email')).toBeChecked();
      await look(page);
      await dialog.getByLabel('First name').fill(ana.first);
      await dialog.getByLabel('Last name').fill(ana.last);
      await dialog.getByLabel('Email', { exact: true }).fill(ana.email);
      await dialog.getByLabel('Group').selectOption({ label: 'New clients' });
      await dialog.getByRole('button', { name: 'Add Client' }).click();
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Ana López');
      await tells(page, 'Queued');
      await look(page);
    });

    const mail = await ruh.mail.waitForMail(ana.email);
    await test.step('the mail is neutral and holds one link', async () => {
      expect(mail.subject).toBe('Your invitation');
      expect(mail.text).toContain('Riverside Counseling');
      expect(mail.html).toContain(linkIn(mail, /invitation/));
      await tells(page, 'Queued', 'Sent');
    });

    const phone = await visitor({ phone: true });
    await test.step('on a phone: password, and the portal', async () => {
      await phone.goto(linkIn(mail, /invitation/));
      await expect(phone).toHaveURL(/\/invitation$/);
      await expect(phone.getByRole('heading', { level: 1 })).toHaveText('Welcome, Ana');
      await expect(phone.getByText(ana.email)).toBeVisible();
      await look(phone);
      await page.reload();
      await tells(page, 'Queued', 'Sent', 'Link opened');
      // One's own name is no password, and the reason stands beside the field.
      await phone.getByLabel('Password', { exact: true }).fill('ana-lópez-ana');
      await phone.getByRole('button', { name: 'Create password' }).click();
      await expect(phone.getByLabel('Password', { exact: true })).toHaveAccessibleDescription(/own name/);
      await look(phone);
      await phone.getByLabel('Password', { exact: true }).fill(ana.password);
      await phone.getByRole('button', { name: 'Create password' }).click();
      await expect(phone).toHaveURL(/\/portal$/);
      await expect(phone.getByRole('heading', { level: 1 })).toHaveText('Hello, Ana');
      await look(phone);
      await phone.getByRole('link', { name: 'Check my details' }).click();
      await phone.getByLabel('Date of birth').fill('1990-05-31');
      await phone.getByLabel('Phone').fill('(212) 555-0142');
      await look(phone);
      await phone.getByRole('button', { name: 'Save changes' }).click();
      await expect(toast(phone, 'Saved.')).toBeVisible();
      await phone.getByRole('navigation', { name: 'Client Portal' }).getByRole('link', { name: 'Home' }).click();
      await expect(phone.getByRole('heading', { name: 'You are all set' })).toBeVisible();
      await look(phone);
    });

    await test.step('the provider sees it all', async () => {
      await page.reload();
      await tells(page, 'Queued', 'Sent', 'Link opened', 'Accepted');
      await expect(page.getByText('+1 212-555-0142')).toBeVisible();
      await expect(page.getByText('31 May 1990')).toBeVisible();
      await look(page);
      await page.goto('/clients');
      await expect(page.getByRole('row', { name: /Ana López/ })).toContainText('In the portal');
      await look(page);
      await page.goto('/home');
      await expect(page.getByRole('link', { name: 'Ana López' }).first()).toBeVisible();
      await look(page);
    });

    await test.step('the used link says so', async () => {
      const again = await visitor({ phone: true });
      await again.goto(linkIn(mail, /invitation/));
      await expect(again.getByRole('heading', { level: 1 })).toHaveText('You are already in');
      await look(again);
      await again.getByRole('link', { name: 'Sign in' }).click();
      await expect(again.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
    });
  });

  test('a client without an email', async ({ ruh, page }) => {
    await atHome(ruh, page);
    const dialog = await openAddClient(page);
    await expect(dialog.getByLabel('Email', { exact: true })).toHaveAccessibleDescription(
      /Without an email: no portal, no electronic forms, no email notices\./,
    );
    await dialog.getByLabel('First name', { exact: true }).fill('Jo');
    await dialog.getByLabel('Last name', { exact: true }).fill('Li');
    await dialog.getByRole('button', { name: 'Add Client' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Jo Li');
    await expect(toast(page, 'No mail was sent')).toBeVisible();
    await expect(page.getByText('Without an email there is no Client Portal, no electronic forms and no email notices')).toBeVisible();
    await expect(page.getByRole('button', { name: /invit|undo/i })).toHaveCount(0);
    await look(page);
    await page.goto('/clients');
    await expect(page.getByRole('row', { name: /Jo Li/ })).toContainText('No email');
    await look(page);
    // The next mail is somebody else's: nothing was queued for nobody.
    await addClient(page, ana);
    await ruh.mail.waitForMail(ana.email);
    expect(await ruh.mail.mails()).toHaveLength(1);
  });

  test('“Send invitation email” off, and sent later', async ({ ruh, page, visitor }) => {
    await atHome(ruh, page);
    await addClient(page, ana, false);
    await expect(toast(page, 'Client added. No mail was sent.')).toBeVisible();
    const card = page.getByRole('region', { name: 'Invitation' });
    await expect(card).toContainText('Not invited');
    await expect(card.getByRole('list')).toHaveCount(0);
    await look(page);
    // Somebody else's mail comes after; hers has not.
    const bea = { first: 'Bea', last: 'Stone', email: 'bea@mail.example' };
    await addClient(page, bea);
    await ruh.mail.waitForMail(bea.email);
    expect(await ruh.mail.mails(ana.email)).toEqual([]);

    await page.goto('/clients');
    await page.getByRole('button', { name: 'Invite: Ana López' }).click();
    await expect(toast(page, 'The invitation leaves in a moment.')).toBeVisible();
    const phone = await visitor({ phone: true });
    await accept(phone, await invitationLink(ruh, ana.email));
    expect(await ruh.mail.mails(ana.email)).toHaveLength(1);
    await page.goto('/clients');
    await expect(page.getByRole('row', { name: /Ana López/ })).toContainText('In the portal');
    await look(page);
  });

  test('a second invitation: the first link explains itself', async ({ ruh, page, visitor }) => {
    await atHome(ruh, page);
    await addClient(page, ana);
    const first = await invitationLink(ruh, ana.email);
    const card = page.getByRole('region', { name: 'Invitation' });
    await expect(card).toContainText('Invited', soon);
    await card.getByRole('button', { name: 'Resend invitation' }).click();
    const second = await invitationLink(ruh, ana.email, 2);
    expect(second).not.toBe(first);
    await tells(page, 'Queued', 'Sent');
    await card.getByText('Earlier invitations').click();
    await expect(card.getByRole('list').nth(1).locator('b')).toHaveText(['Superseded', 'Sent', 'Queued']);
    await look(page);

    const phone = await visitor({ phone: true });
    await phone.goto(first);
    await expect(phone.getByRole('heading', { level: 1 })).toHaveText('A newer link was sent');
    await expect(phone.getByText(ana.email)).toHaveCount(0);
    await look(phone);
    await phone.getByRole('button', { name: 'Send it again' }).click();
    await expect(phone.getByRole('heading', { level: 1 })).toHaveText('Check your email');
    await look(phone);
    const again = await invitationLink(ruh, ana.email, 3);
    expect(again, 'no new invitation, but the newest once more').toBe(second);
    await accept(phone, again);

    await page.reload();
    // The newest link went out once more: the same invitation, sent twice.
    await tells(page, 'Queued', 'Sent', 'Sent', 'Link opened', 'Accepted');
    await card.getByText('They already have a password').waitFor();
    await expect(card.getByRole('button', { name: 'Send password reset link' })).toBeVisible();
    await look(page);
  });
});

test.describe('with ten seconds to undo', () => {
  test.use({ environment: { RUH_UNDO_SECONDS: '10' } });

  test('Undo sends nothing and keeps the older link alive', async ({ ruh, page, visitor }) => {
    test.setTimeout(60_000);
    await atHome(ruh, page);
    await addClient(page, ana);
    await page.getByRole('region', { name: 'Notices' }).getByRole('button', { name: 'Undo' }).click();
    await expect(toast(page, 'Undone. No mail was sent.')).toBeVisible();
    await tells(page, 'Queued', 'Undone');
    await look(page);

    const bea = { first: 'Bea', last: 'Stone', email: 'bea@mail.example' };
    await addClient(page, bea);
    const link = await invitationLink(ruh, bea.email);
    // Her mail was queued after Ana's: Ana's would have come before.
    expect(await ruh.mail.mails(ana.email)).toEqual([]);
    await page.reload();
    const card = page.getByRole('region', { name: 'Invitation' });
    await card.getByRole('button', { name: 'Resend invitation' }).click();
    await expect(card).toContainText('Invitation queued');
    await card.getByRole('button', { name: 'Undo' }).click();
    await expect(toast(page, 'Undone. No mail was sent.')).toBeVisible();
    await accept(await visitor({ phone: true }), link);
    expect(await ruh.mail.mails()).toHaveLength(1);
  });
});
