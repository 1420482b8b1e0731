// E4: a duplicate is discovered, compared, merged into the record that stays, and un-merged; both have a portal.
import { expect, linkIn, test } from './support/ruh.ts';
import { accept, addClient, ana, atHome, look, openAddClient, quick, toast } from './support/people.ts';

test.use(quick);

const again = { ...ana, email: 'ana.again@mail.example', password: 'two cups of mint tea' };

test('a duplicate is merged and un-merged', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  const gone = await addClient(page, ana);
  const first = await visitor();
  await accept(first, linkIn(await ruh.mail.waitForMail(ana.email), /invitation/));

  // Added again, under another address, with a birth date; and signed in with that as well.
  const dialog = await openAddClient(page);
  await dialog.getByLabel('First name', { exact: true }).fill(again.first);
  await dialog.getByLabel('Last name', { exact: true }).fill(again.last);
  await dialog.getByLabel('Email', { exact: true }).fill(again.email);
  await dialog.getByRole('button', { name: 'Add Client' }).click();
  await expect(page).toHaveURL(/\/clients\/[0-9a-f-]{36}$/);
  const kept = new URL(page.url()).pathname;
  const second = await visitor({ phone: true });
  await accept(second, linkIn(await ruh.mail.waitForMail(again.email), /invitation/), again.password);

  await test.step('found under Actions and compared; nothing has happened yet', async () => {
    await page.goto(kept);
    await page.getByRole('button', { name: 'Actions' }).click();
    await page.getByRole('link', { name: 'Merge', exact: true }).click();
    await expect(page.locator('#merge')).toHaveAttribute('open');
    await look(page);
    await page.getByLabel('Find the other record').fill('nobody of that name');
    await page.getByRole('button', { name: 'Find' }).click();
    await expect(page.getByText('No other record has that')).toBeVisible();
    await page.getByLabel('Find the other record').fill('lópez');
    await page.getByLabel('Find the other record').press('Enter');
    await page.locator('#merge').getByRole('link', { name: /Compare/ }).first().click();
    await expect(page.getByRole('heading', { name: /^Merge .* into this record\?/ })).toBeVisible();
    await expect(page.getByText(`${again.email} goes on signing in; ${ana.email} is out`)).toBeVisible();
    await look(page);
    await page.getByRole('link', { name: 'Keep the other record' }).click();
    await expect(page).toHaveURL(new RegExp(`${gone}/merge`));
    await expect(page.getByText(`${ana.email} goes on signing in; ${again.email} is out`)).toBeVisible();
    await page.goBack();
    await first.goto('/portal');
    await expect(first.getByRole('heading', { level: 1 })).toHaveText('Hello, Ana');
  });

  await test.step('merged: one record, one way in', async () => {
    await page.getByRole('button', { name: 'Merge', exact: true }).click();
    await expect(toast(page, 'Merged. One record now.')).toBeVisible();
    await expect(page).toHaveURL(new RegExp(`${kept}$`));
    await first.goto('/portal');
    await expect(first.getByRole('heading', { level: 1 })).not.toHaveText('Hello, Ana');
    await second.goto('/portal');
    await expect(second.getByRole('heading', { level: 1 })).toHaveText('Hello, Ana');
    await page.goto('/clients');
    await expect(page.getByRole('link', { name: 'Ana López' })).toHaveCount(1);
    await page.goto(gone);
    await expect(page).toHaveURL(new RegExp(`${kept}$`));
    await page.goto(`${kept}/timeline`);
    await expect(page.getByText('Another record of the same person was merged into this one')).toBeVisible();
  });

  await test.step('un-merged from the same place', async () => {
    await page.goto(`${kept}/merge`);
    await look(page);
    await page.getByRole('link', { name: /Undo the merge with/ }).click();
    await look(page);
    await page.getByRole('button', { name: 'Undo the merge' }).click();
    await expect(toast(page, 'The records stand apart again.')).toBeVisible();
    await page.goto('/clients');
    await expect(page.getByRole('link', { name: 'Ana López' })).toHaveCount(2);
    await first.goto('/portal');
    await expect(first.getByRole('heading', { level: 1 })).toHaveText('Hello, Ana');
    await second.reload();
    await expect(second.getByRole('heading', { level: 1 })).toHaveText('Hello, Ana');
    await page.goto(`${kept}/merge`);
    await expect(page.getByText('undone')).toBeVisible();
  });
});
