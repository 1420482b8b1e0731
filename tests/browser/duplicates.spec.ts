// Somebody who may be on file already is asked about before being added: Go back, Add anyway, Open existing.
import { expect, type Page, test } from './support/ruh.ts';
import { addClient, ana, atHome, look, openAddClient } from './support/people.ts';

/** The dialog takes the question's title. */
const question = (page: Page) => page.getByRole('dialog', { name: 'Is this the same person?' });

test('a duplicate is questioned', async ({ ruh, page, guard }) => {
  guard.allow(/409/);
  await atHome(ruh, page);
  const known = await addClient(page, ana, false);

  const dialog = await test.step('the same email', async () => {
    const dialog = await openAddClient(page);
    await dialog.getByLabel('First name', { exact: true }).fill('Luis');
    await dialog.getByLabel('Last name', { exact: true }).fill('López');
    await dialog.getByLabel('Email', { exact: true }).fill(ana.email.toUpperCase());
    await dialog.getByRole('heading', { name: 'More' }).click();
    await dialog.getByLabel('Note').fill('Her brother.');
    await dialog.getByLabel('Send invitation email').uncheck();
    await dialog.getByRole('button', { name: 'Add Client' }).click();
    await expect(question(page).getByRole('alert')).toContainText('There is a record like Luis López');
    await expect(question(page).getByRole('alert')).toBeFocused();
    await expect(question(page).getByText('Same email')).toBeVisible();
    await look(page);
    return dialog;
  });

  await test.step('Go back keeps what was typed, and asks before it is dropped', async () => {
    await question(page).getByRole('button', { name: 'Go back' }).click();
    await expect(dialog.getByLabel('First name', { exact: true })).toHaveValue('Luis');
    await expect(dialog.getByLabel('Note')).toHaveValue('Her brother.');
    await expect(dialog.getByLabel('Send invitation email')).not.toBeChecked();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('button', { name: 'Keep editing' })).toBeVisible();
    await page.getByRole('button', { name: 'Keep editing' }).click();
  });

  await test.step('Add anyway adds once', async () => {
    await dialog.getByRole('button', { name: 'Add Client' }).click();
    await question(page).getByRole('button', { name: 'Add anyway' }).dblclick();
    await expect(page).toHaveURL(/\/clients\/[0-9a-f-]{36}$/);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Luis López');
    // Brother and sister share an address; they are no duplicates of each other.
    await expect(page.getByText('Perhaps the same person')).toHaveCount(0);
    await page.goto('/clients');
    await expect(page.getByRole('link', { name: 'Luis López' })).toHaveCount(1);
  });

  await test.step('Open existing', async () => {
    const dialog = await openAddClient(page);
    await dialog.getByLabel('First name', { exact: true }).fill('ana');
    await dialog.getByLabel('Last name', { exact: true }).fill('lopez');
    await dialog.getByLabel('Email', { exact: true }).fill(ana.email);
    await dialog.getByRole('button', { name: 'Add Client' }).click();
    await expect(question(page).getByText('Same name and email')).toBeVisible();
    await question(page).getByRole('link', { name: 'Open existing Ana López' }).click();
    await expect(page).toHaveURL(known);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Ana López');
  });
});

test('a duplicate is questioned without script', async ({ ruh, page, visitor, guard }) => {
  guard.allow(/409/);
  await atHome(ruh, page);
  await addClient(page, ana, false);
  const state = await page.context().storageState();
  const plain = await visitor({ scripts: false, options: { storageState: state } });
  await plain.goto('/clients/new');
  await plain.getByLabel('First name', { exact: true }).fill('Ana');
  await plain.getByLabel('Last name', { exact: true }).fill('López');
  await plain.getByLabel('Email', { exact: true }).fill(ana.email);
  await plain.getByRole('button', { name: 'Add Client' }).click();
  await expect(plain.getByRole('heading', { level: 1 })).toHaveText('Is this the same person?');
  await plain.getByRole('button', { name: 'Go back' }).click();
  await expect(plain.getByLabel('Email', { exact: true })).toHaveValue(ana.email);
  await plain.getByRole('button', { name: 'Add Client' }).click();
  await plain.getByRole('button', { name: 'Add anyway' }).click();
  await expect(plain.getByText('Perhaps the same person')).toBeVisible();
});
