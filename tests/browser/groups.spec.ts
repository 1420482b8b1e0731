// Settings > Groups: who runs the practice keeps them in order; everybody on the staff can look.
import { expect, test } from './support/ruh.ts';
import { addClient, ana, atHome, look, quick, signIn, toast } from './support/people.ts';

test.use(quick);

test('groups are added, coloured, ordered and deleted', async ({ ruh, page }) => {
  await atHome(ruh, page);
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'Groups' }).click();
  const names = page.locator('.groups .group-name');
  await expect(names).toHaveText(['New clients', 'Couples', 'Minors']);
  await look(page);

  await page.getByRole('button', { name: 'Add group' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add group' });
  await expect(dialog.getByLabel('Name', { exact: true })).toBeFocused();
  await look(page);
  await dialog.getByLabel('Name', { exact: true }).fill('couples');
  await dialog.getByLabel('Teal').check();
  await dialog.getByRole('button', { name: 'Add group' }).click();
  await expect(dialog.getByLabel('Name', { exact: true })).toHaveAccessibleDescription(/has this name already/);
  await expect(dialog.getByLabel('Teal')).toBeChecked();
  await look(page);
  await dialog.getByLabel('Name', { exact: true }).fill('Evenings');
  await dialog.getByRole('button', { name: 'Add group' }).click();
  await expect(toast(page, 'Group added.')).toBeVisible();
  await expect(names).toHaveText(['New clients', 'Couples', 'Minors', 'Evenings']);

  await page.getByRole('button', { name: 'Move up: Evenings' }).click();
  await expect(names).toHaveText(['New clients', 'Couples', 'Evenings', 'Minors']);
  await page.getByRole('button', { name: 'Edit: Evenings' }).click();
  const edit = page.getByRole('dialog', { name: 'Edit group' });
  await expect(edit.getByLabel('Teal')).toBeChecked();
  await edit.getByLabel('Name', { exact: true }).fill('Evening group');
  await edit.getByRole('button', { name: 'Save changes' }).click();
  await expect(names).toHaveText(['New clients', 'Couples', 'Evening group', 'Minors']);

  const client = await addClient(page, ana, false);
  await page.goto(`${client}?edit=1`);
  await page.getByLabel('Group').selectOption({ label: 'Evening group' });
  await page.getByRole('button', { name: 'Save changes' }).click();
  await expect(toast(page, 'Saved.')).toBeVisible();
  await page.goto('/settings/groups');
  await page.getByRole('button', { name: 'Delete: Evening group' }).click();
  const ask = page.getByRole('dialog', { name: 'Delete group' });
  await expect(ask).toContainText('1 client is in Evening group. Where do they go?');
  await look(page);
  await ask.getByLabel('Move its clients to').selectOption({ label: 'Minors' });
  await ask.getByRole('button', { name: 'Delete group' }).click();
  await expect(toast(page, 'Group deleted.')).toBeVisible();
  await expect(names).toHaveText(['New clients', 'Couples', 'Minors']);
  await page.goto(client);
  await expect(page.locator('.person-head')).toContainText('Minors');
});

test('a support person looks, and changes nothing', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  ruh.runWith('a quiet desk in the hall', 'member', 'create', '--practice', 'riverside-counseling', '--name', 'Una Desk',
    '--email', 'una@riverside.example', '--role', 'support', '--password-stdin');
  const una = await visitor();
  await signIn(una, { email: 'una@riverside.example', password: 'a quiet desk in the hall' }, /\/home$/);
  await una.goto('/settings/groups');
  await expect(una.locator('.groups .group-name')).toHaveText(['New clients', 'Couples', 'Minors']);
  await expect(una.getByRole('button', { name: /Add group|Edit|Delete|Move/ })).toHaveCount(0);
  await look(una);
  const refused = await una.goto('/settings/groups/new');
  expect(refused?.status()).toBe(403);
});
