// D3, D5: the provider gives a form, the client answers it, an answer needs attention, it is read, seen, opened again.
import { expect, linkIn, test } from './support/ruh.ts';
import { accept, addClient, ana, atHome, look, quick, toast } from './support/people.ts';

test.use(quick);

test('a form from giving to reading', async ({ ruh, page, visitor, guard }) => {
  guard.allow(/422/);
  await atHome(ruh, page);
  const at = await addClient(page, ana);
  const phone = await visitor({ phone: true });
  await accept(phone, linkIn(await ruh.mail.waitForMail(ana.email), /invitation/));
  const answer = await page.request.post('/forms/library/intake').catch(() => undefined);
  expect(answer === undefined || answer.status() < 500).toBe(true);

  await test.step('nothing yet, and what there is to give', async () => {
    await page.goto(at);
    await page.getByRole('navigation', { name: 'Sides of the record' }).getByRole('link', { name: 'Forms' }).click();
    await expect(page.getByText('No forms yet')).toBeVisible();
    await look(page);
    await page.getByRole('button', { name: 'Give form' }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
  });
});
