// The end of a session: the warning before it, and what was typed still there after it.
import { expect, test } from './support/ruh.ts';
import { addClient, ana, atHome, look, openAddClient, owner, personalInformation, quick, signIn, toast, typeSignIn } from './support/people.ts';

test.use(quick);

test('a warning two minutes before the end, and signing in again over the page', async ({ ruh, page }) => {
  await page.clock.install();
  await atHome(ruh, page);
  const dialog = await openAddClient(page);
  await dialog.getByLabel('First name', { exact: true }).fill('Ana');
  const warning = page.getByRole('dialog', { name: 'Are you still there?' });
  await page.clock.fastForward('12:50');
  await expect(warning).toBeHidden();
  await page.clock.fastForward('00:15');
  await expect(warning).toBeVisible();
  await expect(warning.getByRole('timer')).toContainText(/1:5\d/);
  await look(page);
  await warning.getByRole('button', { name: 'Stay signed in' }).click();
  await expect(warning).toBeHidden();
  await expect(dialog.getByLabel('First name', { exact: true })).toHaveValue('Ana');

  await page.clock.fastForward('13:05');
  await expect(warning).toBeVisible();
  await page.clock.fastForward('02:05');
  const door = page.getByRole('dialog', { name: 'Please sign in again' });
  await expect(door).toBeVisible();
  await expect(warning).toBeHidden();
  await expect(door.getByText(owner.email)).toBeVisible();
  await expect(page).toHaveTitle('Signed out');
  await look(page);
  // Esc does not open the door.
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await expect(door).toBeVisible();
  await door.getByLabel('Password', { exact: true }).fill('not this one');
  await door.getByRole('button', { name: 'Sign in' }).click();
  await expect(door.getByRole('alert')).toHaveText('The password is not right. Please try again.');
  await look(page);
  await door.getByLabel('Password', { exact: true }).fill(owner.password);
  await door.getByRole('button', { name: 'Sign in' }).click();
  await expect(door).toBeHidden();
  await expect(dialog.getByLabel('First name', { exact: true })).toHaveValue('Ana');
  await dialog.getByLabel('Last name', { exact: true }).fill('López');
  await dialog.getByRole('button', { name: 'Add Client' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Ana López');
});

test('a session that ended elsewhere loses nothing that was typed', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  const elsewhere = await visitor();
  await signIn(elsewhere, owner, /\/home$/);
  const endOthers = async () => {
    await elsewhere.goto('/settings/security');
    await elsewhere.getByRole('button', { name: 'End all others' }).click();
    await expect(toast(elsewhere, 'Ended.')).toBeVisible();
  };

  await test.step('in a dialog: the door opens, and the same request goes on', async () => {
    const dialog = await openAddClient(page);
    await dialog.getByLabel('First name', { exact: true }).fill(ana.first);
    await dialog.getByLabel('Last name', { exact: true }).fill(ana.last);
    await endOthers();
    await dialog.getByRole('button', { name: 'Add Client' }).click();
    const door = page.getByRole('dialog', { name: 'Please sign in again' });
    await expect(door).toBeVisible();
    await look(page);
    await door.getByLabel('Password', { exact: true }).fill(owner.password);
    await door.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Ana López');
    await page.goto('/clients');
    await expect(page.getByText('1 client')).toBeVisible();
  });

  await test.step('in a section of a record: the same, and what is typed in another section stays', async () => {
    await page.getByRole('link', { name: 'Ana López' }).click();
    const form = await personalInformation(page);
    await page.locator('#client-info > summary').click();
    const note = page.locator('#client-info').getByLabel('Note');
    await note.fill('First line\nsecond line, “quoted” <b>&amp;');
    await form.getByLabel('Phone').fill('212 555 0142');
    await endOthers();
    await form.getByRole('button', { name: 'Save changes' }).click();
    const door = page.getByRole('dialog', { name: 'Please sign in again' });
    await door.getByLabel('Password', { exact: true }).fill(owner.password);
    await door.getByRole('button', { name: 'Sign in' }).click();
    await expect(toast(page, 'Saved.')).toBeVisible();
    await expect(page.locator('#overview')).toContainText('+1 212-555-0142');
    await expect(note).toHaveValue('First line\nsecond line, “quoted” <b>&amp;');
    await page.locator('#client-info').getByRole('button', { name: 'Save changes' }).click();
    await expect(page.locator('#overview')).toContainText('second line, “quoted” <b>&amp;');
  });

  await test.step('on a page: the sign-in keeps it and offers to send it', async () => {
    await page.goto('/settings/practice');
    await page.getByLabel('Practice name').fill('Riverside, “quoted” <b>&amp;');
    await endOthers();
    await page.getByRole('button', { name: 'Save changes' }).click();
    await expect(page.getByText('Please sign in to go on.')).toBeVisible();
    await look(page);
    await typeSignIn(page, { ...owner, password: 'not this one' });
    await expect(page.getByRole('alert')).toContainText('not right');
    await typeSignIn(page, owner);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('You are signed in again');
    await look(page);
    await page.getByRole('button', { name: 'Send it now' }).click();
    await expect(toast(page, 'Saved.')).toBeVisible();
    await expect(page.getByLabel('Practice name')).toHaveValue('Riverside, “quoted” <b>&amp;');
  });
});

test('signing out in one tab hides the other', async ({ ruh, page, context }) => {
  await atHome(ruh, page);
  await addClient(page, ana, false);
  const other = await context.newPage();
  await other.goto('/clients');
  await page.getByRole('button', { name: 'Account' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByText('You are signed out.')).toBeVisible();
  await expect(other.getByRole('dialog', { name: 'Please sign in again' })).toBeVisible();
  await expect(other.getByRole('link', { name: 'Ana López' })).not.toBeInViewport();
});
