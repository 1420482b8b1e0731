// D6: a letter is added, shared and read in the portal; the client gives a picture back; one is deleted and restored.
import { readFile } from 'node:fs/promises';
import { expect, test } from './support/ruh.ts';
import { accept, addClient, ana, atHome, invitationLink, look, quick, toast } from './support/people.ts';

test.use(quick);

const phone = { width: 390, height: 844 };
const desk = { width: 1280, height: 800 };
const letter = { name: 'Referral letter.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4\nDear colleague') };
const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
const picture = { name: 'knee.png', mimeType: 'image/png', buffer: Buffer.from(dot, 'base64') };

test('documents in the record and in the portal', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  await addClient(page, { ...ana, invite: true });
  await page.getByRole('link', { name: 'Documents' }).click();
  await expect(page.getByRole('heading', { name: 'No documents yet' })).toBeVisible();
  await look(page);

  const form = page.getByRole('region', { name: 'Add a document' });
  const list = page.getByRole('region', { name: 'Documents' });
  await test.step('what cannot be taken is said beside the field', async () => {
    await form.getByLabel('File').setInputFiles({ ...letter, name: 'letter.exe' });
    await form.getByLabel('What it is').fill('From the family doctor');
    await form.getByRole('button', { name: 'Add document' }).click();
    await expect(form.getByLabel('File')).toHaveAccessibleDescription(/We cannot take this kind of file/);
    await expect(form.getByLabel('What it is')).toHaveValue('From the family doctor');
    await look(page);
  });

  await test.step('added, private, and shared', async () => {
    await form.getByLabel('File').setInputFiles(letter);
    await form.getByRole('button', { name: 'Add document' }).click();
    await expect(toast(page, 'Document added.')).toBeVisible();
    const row = list.getByRole('listitem');
    await expect(row).toContainText('Only the care team can see this');
    await look(page);
    await page.setViewportSize(phone);
    await look(page);
    await page.setViewportSize(desk);
    await row.getByRole('button', { name: 'Share with client: Referral letter.pdf' }).click();
    await expect(toast(page, 'Shared with the client.')).toBeVisible();
    await expect(row).toContainText('Shared with client');
    await row.getByRole('button', { name: 'Edit: Referral letter.pdf' }).click();
    const dialog = page.getByRole('dialog', { name: 'Edit document' });
    await dialog.getByLabel('Name').fill('Letter');
    await look(page);
    await dialog.getByRole('button', { name: 'Save changes' }).click();
    await expect(row).toContainText('Letter.pdf');
  });

  const client = await visitor({ phone: true });
  await test.step('read in the portal, and something given back', async () => {
    await accept(client, await invitationLink(ruh, ana.email));
    await expect(client.getByRole('heading', { name: 'A new document for you' })).toBeVisible();
    await look(client);
    await client.getByRole('link', { name: 'Look at it' }).click();
    await look(client);
    const download = client.waitForEvent('download');
    await client.getByRole('link', { name: 'Download: Letter.pdf' }).click();
    expect((await readFile(await (await download).path())).equals(letter.buffer)).toBe(true);
    await client.getByLabel('File').setInputFiles(picture);
    await client.getByLabel('What it is').fill('My knee');
    await client.getByRole('button', { name: 'Send document' }).click();
    await expect(client.getByText('Your care team has it')).toBeVisible();
    await expect(client.getByRole('listitem').filter({ hasText: 'knee.png' })).toContainText('from you');
    await look(client);
  });

  await test.step('deleted, and restored', async () => {
    await page.reload();
    await expect(list.getByRole('listitem').first()).toContainText('from the client');
    await list.getByRole('button', { name: 'Delete: Letter.pdf' }).click();
    const question = page.getByRole('dialog', { name: 'Delete document?' });
    await expect(question).toContainText('It disappears for the client too');
    await look(page);
    await question.getByRole('button', { name: 'Delete', exact: true }).click();
    await expect(toast(page, 'Document deleted.')).toBeVisible();
    const gone = page.getByRole('region', { name: 'Deleted' });
    await look(page);
    await gone.getByRole('button', { name: 'Restore: Letter.pdf' }).click();
    await expect(toast(page, 'Document restored.')).toBeVisible();
    await expect(list.getByRole('listitem')).toHaveCount(2);
  });
});
