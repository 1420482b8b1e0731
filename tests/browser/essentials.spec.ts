// The essentials without script, and everything by keyboard.
import { expect, type Page, test } from './support/ruh.ts';
import { accept, addClient, ana, atHome, invitationLink, look, lookWithout, owner, practice, quick, toast, typeSignIn } from './support/people.ts';

test.use(quick);

test('without script: sign-in, invitation, portal, saving one’s details', async ({ ruh, page, visitor }) => {
  const staff = await visitor({ scripts: false });
  practice(ruh);
  await staff.goto('/clients');
  await expect(staff.getByText('Please sign in to go on.')).toBeVisible();
  await lookWithout(staff, page);
  await typeSignIn(staff, owner);
  await expect(staff).toHaveURL(/\/clients$/);
  await staff.getByRole('link', { name: 'Add Client' }).click();
  await expect(staff).toHaveURL(/\/clients\/new$/);
  await lookWithout(staff, page);
  await staff.getByLabel('First name', { exact: true }).fill(ana.first);
  await staff.getByLabel('Last name', { exact: true }).fill(ana.last);
  await staff.getByLabel('Email', { exact: true }).fill('ana@mail');
  await staff.getByRole('button', { name: 'Add Client' }).click();
  await expect(staff.getByLabel('Email', { exact: true })).toHaveAccessibleDescription(/after the @ is not complete/);
  await expect(staff.getByLabel('Last name', { exact: true })).toHaveValue(ana.last);
  await lookWithout(staff, page);
  await staff.getByLabel('Email', { exact: true }).fill(ana.email);
  await staff.getByRole('button', { name: 'Add Client' }).click();
  await expect(staff.getByRole('heading', { level: 1 })).toHaveText('Ana López');
  await expect(staff.getByRole('region', { name: 'Notices' }).getByRole('button', { name: 'Undo' })).toBeVisible();
  await staff.goto('/clients');
  await staff.getByLabel('Search clients').fill('lópez');
  await staff.getByRole('button', { name: 'Search', exact: true }).click();
  await expect(staff).toHaveURL(/search=l/);
  await expect(staff.getByRole('link', { name: 'Ana López' })).toBeVisible();
  await lookWithout(staff, page);

  const phone = await visitor({ phone: true, scripts: false });
  await phone.goto(await invitationLink(ruh, ana.email));
  await expect(phone).toHaveURL(/\/invitation$/);
  await lookWithout(phone, page);
  await phone.getByLabel('Password', { exact: true }).fill('short');
  await phone.getByRole('button', { name: 'Create password' }).click();
  await expect(phone.getByLabel('Password', { exact: true })).toHaveAccessibleDescription(/10 characters or more/);
  await phone.getByLabel('Password', { exact: true }).fill(ana.password);
  await phone.getByRole('button', { name: 'Create password' }).click();
  await expect(phone.getByRole('heading', { level: 1 })).toHaveText('Hello, Ana');
  await lookWithout(phone, page);
  await phone.getByRole('navigation', { name: 'Client Portal' }).getByRole('link', { name: 'Profile' }).click();
  await phone.getByLabel('Preferred name').fill('Annie');
  await phone.getByLabel('Phone').fill('12');
  await phone.getByRole('button', { name: 'Save changes' }).click();
  await expect(phone.getByLabel('Phone')).toHaveAccessibleDescription(/not a phone number/);
  await expect(phone.getByLabel('Preferred name')).toHaveValue('Annie');
  await lookWithout(phone, page);
  await phone.getByLabel('Phone').fill('+44 20 7946 0018');
  await phone.getByRole('button', { name: 'Save changes' }).click();
  await expect(toast(phone, 'Saved.')).toBeVisible();
  await expect(phone.getByLabel('Preferred name')).toHaveValue('Annie');
  await phone.goto('/portal/security');
  await expect(phone.getByText('This device')).toBeVisible();
  await phone.getByRole('button', { name: 'Account' }).click();
  await phone.getByRole('button', { name: 'Sign out' }).click();
  await expect(phone.getByText('You are signed out.')).toBeVisible();
  // And back, as on any other day.
  await typeSignIn(phone, ana);
  await expect(phone).toHaveURL(/\/portal$/);
});

/** Presses Tab until the control has the focus; everything is reachable, and in some forty steps. */
async function tabTo(page: Page, role: 'button' | 'link' | 'textbox', name: string, within = page.locator('body')) {
  const wanted = within.getByRole(role, { name, exact: true });
  for (let steps = 0; steps < 40; steps++) {
    await page.keyboard.press('Tab');
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
  }
  await expect(wanted).toBeFocused();
}

test('Add Client by keyboard alone', async ({ ruh, page }) => {
  practice(ruh);
  await page.goto('/sign-in');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused();
  await tabTo(page, 'textbox', 'Email');
  await page.keyboard.type(owner.email);
  await tabTo(page, 'textbox', 'Password');
  await page.keyboard.type(owner.password);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/home$/);
  await tabTo(page, 'link', 'Clients', page.getByRole('navigation', { name: 'Main' }));
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/clients$/);

  const opener = page.getByRole('button', { name: 'Add Client' });
  const dialog = page.getByRole('dialog', { name: 'Add Client' });
  const first = dialog.getByLabel('First name', { exact: true });
  await tabTo(page, 'button', 'Add Client');
  await page.keyboard.press('Enter');
  await expect(first).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(opener).toBeFocused();

  // The space bar opens it too; the focus stays inside however often Tab is pressed.
  await page.keyboard.press(' ');
  await expect(first).toBeFocused();
  for (let steps = 0; steps < 25; steps++) {
    await page.keyboard.press('Tab');
    const outside = await page.evaluate(() => document.activeElement !== document.body && !document.activeElement?.closest('dialog[open]'));
    expect(outside, 'the focus has left the dialog').toBe(false);
  }
  await first.focus();
  await page.keyboard.type(ana.first);
  await page.keyboard.press('Escape');
  const ask = page.getByRole('dialog', { name: 'Leave what you typed?' });
  await expect(ask.getByRole('button', { name: 'Keep editing' })).toBeFocused();
  await look(page);
  await page.keyboard.press('Enter');
  await expect(ask).toBeHidden();
  await expect(first).toHaveValue(ana.first);
  await first.focus();
  await tabTo(page, 'textbox', 'Last name', dialog);
  await page.keyboard.type(ana.last);
  await tabTo(page, 'textbox', 'Email', dialog);
  await page.keyboard.type('ana@mail');
  await page.keyboard.press('Enter');
  // The summary takes the focus; its link leads to the field.
  await expect(dialog.getByRole('alert')).toBeFocused();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(dialog.getByLabel('Email', { exact: true })).toBeFocused();
  await page.keyboard.press('Control+A');
  await page.keyboard.type(ana.email);
  await tabTo(page, 'button', 'Add Client', dialog);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Ana López');

  await tabTo(page, 'button', 'Actions');
  await page.keyboard.press('Enter');
  await tabTo(page, 'link', 'Personal Information');
  await page.keyboard.press('Enter');
  await expect(page.locator('#personal-information')).toHaveAttribute('open');
  await page.keyboard.press('/');
  await expect(page.getByRole('searchbox', { name: 'Find a client' })).toBeFocused();
  await page.keyboard.type('ana');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/clients\?search=ana$/);
  await expect(page.getByRole('link', { name: 'Ana López' })).toBeVisible();
  await page.keyboard.press('?');
  const keys = page.getByRole('dialog', { name: 'Keys' });
  await expect(keys).toBeVisible();
  await look(page);
  await page.keyboard.press('Escape');
  await expect(keys).toBeHidden();
  // Names become initials for whoever looks over a shoulder.
  await page.keyboard.press('b');
  await expect(page.getByRole('row', { name: /A\. ?L\.|AL/ })).toBeVisible();
  await look(page);
});

test('the list finds people while one types, and the address follows', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  await addClient(page, ana);
  await addClient(page, { first: 'Bea', last: 'Stone' });
  await page.goto('/clients');
  await expect(page.getByText('2 clients')).toBeVisible();
  await page.getByLabel('Search clients').pressSequentially('sto');
  await expect(page.getByRole('link', { name: 'Ana López' })).toHaveCount(0);
  await expect(page.getByRole('link', { name: 'Bea Stone' })).toBeVisible();
  await expect(page).toHaveURL(/\/clients\?search=sto$/);
  await expect(page.getByLabel('Search clients')).toBeFocused();
  await page.getByLabel('Search clients').fill('nobody at all');
  await expect(page.getByRole('heading', { name: 'Nobody found' })).toBeVisible();
  await look(page);
  await page.getByRole('link', { name: 'Show all clients' }).click();
  await expect(page.getByText('2 clients')).toBeVisible();
  await accept(await visitor({ phone: true }), await invitationLink(ruh, ana.email));
});
