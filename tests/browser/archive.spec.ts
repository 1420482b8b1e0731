// E4: a client is archived after each thing that ends with it was named, and brought back.
import { expect, linkIn, test } from './support/ruh.ts';
import { accept, addClient, ana, atHome, look, quick, toast } from './support/people.ts';

test.use(quick);

test('archived after a look at what ends, and restored', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  const path = await addClient(page, ana);
  const phone = await visitor({ phone: true });
  await accept(phone, linkIn(await ruh.mail.waitForMail(ana.email), /invitation/));
  await page.reload();
  const section = page.locator('#archive');
  const open = async () => {
    await page.getByRole('button', { name: 'Actions' }).click();
    await page.getByRole('link', { name: 'Archive' }).click();
    await expect(section).toContainText('Their portal closes with the next request');
  };
  await open();
  await look(page);
  await section.getByRole('link', { name: 'Cancel' }).click();
  await expect(section).not.toHaveAttribute('open');
  await open();
  await section.getByRole('button', { name: 'Archive' }).click();
  await expect(page.getByRole('heading', { name: 'Archived', exact: true })).toBeVisible();
  await phone.goto('/portal');
  await expect(phone.getByRole('heading', { level: 1 })).not.toHaveText('Hello, Ana');
  await look(page);
  await page.goto(path);
  await page.getByRole('main').getByRole('button', { name: 'Restore' }).first().click();
  await expect(toast(page, 'Client restored.')).toBeVisible();
  // The page alone, as without script.
  await page.goto(`${path}/archive`);
  await expect(page.getByRole('heading', { name: 'Archive client' })).toBeVisible();
  await look(page);
});
