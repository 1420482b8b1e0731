// E5: a child's parents are written down: who is asked first, whom to call; one is put right, one removed and put back.
import { expect, test } from './support/ruh.ts';
import { addClient, atHome, look, quick, toast } from './support/people.ts';

test.use(quick);

test('the parents of a child', async ({ ruh, page }) => {
  await atHome(ruh, page);
  await addClient(page, { first: 'Nils', last: 'Bergström' });
  await page.getByRole('link', { name: 'Family and contacts' }).click();
  await expect(page.getByRole('heading', { name: 'Nobody yet' })).toBeVisible();
  await look(page);

  const card = page.getByRole('region', { name: 'Family and contacts' });
  const dialog = page.getByRole('dialog', { name: /contact/ });
  await test.step('added, after what was wrong was put right', async () => {
    await page.getByRole('button', { name: 'Add contact' }).click();
    await dialog.getByLabel('First name').fill('Ingrid');
    await dialog.getByLabel('Phone').fill('12');
    await look(page);
    await dialog.getByRole('button', { name: 'Add contact' }).click();
    await expect(dialog.getByRole('alert').first()).toBeVisible();
    await expect(dialog.getByLabel('First name')).toHaveValue('Ingrid');
    await dialog.getByLabel('Relationship').selectOption({ label: 'Parent' });
    await dialog.getByLabel('Phone').fill('+44 20 7946 0018');
    await dialog.getByLabel('Main contact').check();
    await dialog.getByRole('button', { name: 'Add contact' }).click();
    await expect(toast(page, 'Contact added.')).toBeVisible();
    await expect(card.getByRole('listitem')).toContainText('Main contact');
    await expect(card.getByRole('link', { name: '+44 20 7946 0018' })).toHaveAttribute('href', 'tel:+442079460018');
  });

  await test.step('a second one, edited', async () => {
    await card.getByRole('button', { name: 'Add contact' }).click();
    await dialog.getByLabel('First name').fill('Lars');
    await dialog.getByLabel('Relationship').selectOption({ label: 'Legal guardian' });
    await dialog.getByRole('button', { name: 'Add contact' }).click();
    await expect(card.getByRole('listitem')).toHaveCount(2);
    await card.getByRole('button', { name: 'Edit: Lars' }).click();
    await dialog.getByLabel('Emergency contact').check();
    await dialog.getByRole('button', { name: 'Save changes' }).click();
    await expect(card.getByRole('listitem').nth(1)).toContainText('Emergency contact');
    await look(page);
    await page.setViewportSize({ width: 390, height: 844 });
    await look(page);
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  await test.step('removed, and put back', async () => {
    await card.getByRole('button', { name: 'Remove: Lars' }).click();
    await expect(toast(page, 'Contact removed.')).toBeVisible();
    await expect(card.getByRole('listitem')).toHaveCount(1);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect(toast(page, 'Contact put back.')).toBeVisible();
    await expect(card.getByRole('listitem')).toHaveCount(2);
  });
});
