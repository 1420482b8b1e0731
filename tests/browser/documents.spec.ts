// D6: a document is kept by the care team, shared with the client, given in the portal, deleted and put back.
import { readFileSync } from 'node:fs';
import { expect, linkIn, test } from './support/ruh.ts';
import { accept, addClient, ana, atHome, look, quick, toast } from './support/people.ts';

test.use(quick);

const letter = { name: 'Letter from the doctor.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4\nDear colleague,') };
const picture = {
  name: 'Drawing.png',
  mimeType: 'image/png',
  buffer: Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'),
};

test('documents, private and shared, from both sides', async ({ ruh, page, visitor, guard }) => {
  // The page of a picture alone is a sandbox, into which not even the test's own script gets.
  guard.allow(/41[35]|422|Blocked script execution|NotSameOrigin/);
  await atHome(ruh, page);
  const at = await addClient(page, ana);
  const phone = await visitor({ phone: true });
  await accept(phone, linkIn(await ruh.mail.waitForMail(ana.email), /invitation/));

  await test.step('kept by the care team alone', async () => {
    await page.goto(at);
    await page.getByRole('link', { name: 'Documents' }).click();
    await expect(page.getByText('No documents yet')).toBeVisible();
    await look(page);
    await page.getByRole('button', { name: 'Add document' }).click();
    await expect(page.getByLabel('File')).toHaveAttribute('aria-invalid', 'true');
    await page.getByLabel('File').setInputFiles({ name: 'program.pdf', mimeType: 'application/pdf', buffer: Buffer.from('MZ') });
    await page.getByLabel('What it is').fill('From her doctor');
    await page.getByRole('button', { name: 'Add document' }).click();
    await expect(page.getByLabel('File')).toHaveAttribute('aria-invalid', 'true');
    await expect(page.getByLabel('What it is')).toHaveValue('From her doctor');
    await look(page);
    await page.getByLabel('File').setInputFiles(letter);
    await page.getByRole('button', { name: 'Add document' }).click();
    await expect(toast(page, 'Document added.')).toBeVisible();
    await expect(page.locator('.documents').getByText('Private')).toBeVisible();
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: `Download: ${letter.name}` }).click();
    const got = await download;
    expect(got.suggestedFilename()).toBe(letter.name);
    expect(readFileSync(await got.path())).toEqual(letter.buffer);
    await phone.goto('/portal/documents');
    await expect(phone.getByText('Nothing yet.')).toBeVisible();
    await look(phone);
  });

  await test.step('shared, and seen in the portal', async () => {
    await page.getByRole('button', { name: `Share with client: ${letter.name}` }).click();
    await expect(toast(page, 'Shared with the client.')).toBeVisible();
    await look(page);
    await phone.goto('/portal');
    await expect(phone.getByText('A new document for you')).toBeVisible();
    await phone.getByRole('link', { name: 'Look at it' }).click();
    await expect(phone.getByText(letter.name)).toBeVisible();
    await look(phone);
  });

  await test.step('given in the portal', async () => {
    await phone.getByLabel('File').setInputFiles(picture);
    await phone.getByLabel('What it is').fill('What I see at night');
    await phone.getByRole('button', { name: 'Send document' }).click();
    await expect(toast(phone, 'Your care team has it.')).toBeVisible();
    await page.goto('/home');
    await page.goto(`${at}/documents`);
    await expect(page.getByText(/from the client/)).toBeVisible();
    await page.goto(`${at}/timeline`);
    await expect(page.getByText('Document received in the portal')).toBeVisible();
    // A picture is shown, and can do nothing.
    await page.goto(`${at}/documents`);
    await page.getByRole('link', { name: picture.name, exact: true }).click();
    const shown = await page.locator('img').evaluate((img: HTMLImageElement) => img.naturalWidth);
    expect(shown).toBe(1);
    await page.goBack();
  });

  await test.step('renamed, deleted and put back', async () => {
    await page.getByRole('button', { name: `Edit: ${letter.name}` }).click();
    const dialog = page.getByRole('dialog', { name: 'Edit document' });
    await look(page);
    await dialog.getByLabel('Name').fill('Referral');
    await dialog.getByRole('button', { name: 'Save changes' }).click();
    await expect(page.getByRole('link', { name: 'Referral.pdf', exact: true })).toBeVisible();
    await page.getByRole('button', { name: 'Delete: Referral.pdf' }).click();
    const ask = page.getByRole('dialog', { name: 'Delete document?' });
    await look(page);
    await ask.getByRole('button', { name: 'Delete' }).click();
    await expect(toast(page, 'Document deleted.')).toBeVisible();
    await look(page);
    await phone.goto('/portal/documents');
    await expect(phone.getByText('Referral.pdf')).toBeHidden();
    await page.getByRole('main').getByRole('button', { name: 'Restore: Referral.pdf' }).click();
    await expect(toast(page, 'Document restored.')).toBeVisible();
    await phone.reload();
    await expect(phone.getByText('Referral.pdf')).toBeVisible();
  });
});
