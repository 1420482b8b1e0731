// D3, D5: the provider gives a form, the client answers it, an answer needs attention, it is read, seen, opened again,
// filled in on behalf, waived and wanted again.
import { expect, linkIn, type Page, test } from './support/ruh.ts';
import { accept, addClient, ana, atHome, look, quick, toast } from './support/people.ts';
import { FormsApi } from './support/forms.ts';

test.use(quick);

const choice = (code: string, label: string, points: number, alert = false) => ({ code, label, points, ...(alert && { alert }) });
const sleep = {
  title: 'How you sleep',
  items: [
    {
      id: 'nights',
      kind: 'single',
      text: 'How are your nights?',
      required: true,
      choices: [choice('calm', 'Calm', 0), choice('short', 'Short', 1), choice('bad', 'Unbearable', 3, true)],
    },
    { id: 'helps', kind: 'short_text', text: 'What helps?' },
  ],
};
const forms = (page: Page) => page.getByRole('navigation', { name: 'Sides of the record' }).getByRole('link', { name: 'Forms' }).click();
const answer = async (page: Page, how: string) => {
  await page.getByLabel(how, { exact: true }).check();
  await page.getByRole('button', { name: 'Save and continue' }).last().click();
};

async function give(page: Page) {
  await page.getByRole('button', { name: 'Give form' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Form or intake flow').selectOption({ label: sleep.title });
  await look(page);
  await dialog.getByRole('button', { name: 'Give', exact: true }).click();
  await expect(toast(page, 'Given.')).toBeVisible();
}

test('a form from giving to comparing', async ({ ruh, page, visitor, guard }) => {
  test.setTimeout(120_000);
  guard.allow(/422/);
  await atHome(ruh, page);
  const api = new FormsApi(ruh);
  await api.publish('form', sleep);
  const at = await addClient(page, ana);
  const phone = await visitor({ phone: true });
  await accept(phone, linkIn(await ruh.mail.waitForMail(ana.email), /invitation/));

  await test.step('given', async () => {
    await page.goto(at);
    await forms(page);
    await expect(page.getByText('No forms yet')).toBeVisible();
    await look(page);
    await give(page);
    await expect(page.getByText('0 of 2 answered')).toBeVisible();
    await expect(page.getByText('Next reminder by itself on')).toBeVisible();
    await look(page);
  });

  await test.step('answered, and it needs attention', async () => {
    await phone.goto('/portal/forms');
    await phone.getByRole('link', { name: `Begin: ${sleep.title}` }).click();
    await answer(phone, 'Unbearable');
    await phone.getByRole('button', { name: 'Send' }).click();
    await expect(phone.getByRole('heading', { name: /Thank you/ })).toBeVisible();
    await page.goto(at);
    await expect(page.getByText('Needs attention', { exact: true })).toBeVisible();
    await look(page);
    await page.getByRole('link', { name: 'Look at it' }).click();
    await expect(page.getByText('filled in by the client')).toBeVisible();
    await page.getByRole('link', { name: 'See the answer' }).click();
    await expect(page.getByText('Score: 3 of 3')).toBeVisible();
    await look(page);
    await page.getByRole('button', { name: 'I have seen it' }).click();
    await expect(toast(page, 'Noted: you have seen it.')).toBeVisible();
    await expect(page.getByText('Needs attention', { exact: true })).toBeHidden();
  });

  await test.step('filled in on behalf, and compared', async () => {
    await give(page);
    await page.getByRole('link', { name: `Fill in: ${sleep.title}` }).click();
    await expect(page.getByText('You are filling this in on behalf of')).toBeVisible();
    await look(page);
    await answer(page, 'Calm');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByRole('link', { name: 'Back to the record' }).click();
    await expect(page.getByText('on behalf')).toBeVisible();
    await page.getByRole('link', { name: `Compare: ${sleep.title}` }).first().click();
    await expect(page.getByRole('heading', { name: `${sleep.title} over time` })).toBeVisible();
    await expect(page.getByRole('cell', { name: 'Calm Changed' })).toBeVisible();
    await look(page);
  });

  await test.step('waived, undone, opened again', async () => {
    await forms(page);
    await give(page);
    await page.getByRole('button', { name: `Waive: ${sleep.title}` }).click();
    await expect(toast(page, 'Waived.')).toBeVisible();
    await page.getByRole('region', { name: 'Notices' }).getByRole('button', { name: 'Undo' }).click();
    await expect(page.getByText('0 of 2 answered')).toBeVisible();
    await page.getByRole('button', { name: `Reopen: ${sleep.title}` }).first().click();
    await expect(page.getByText('1 of 2 answered')).toBeVisible();
    await page.goto('/clients');
    await expect(page.getByRole('cell', { name: '1 of 3' })).toBeVisible();
  });
});
