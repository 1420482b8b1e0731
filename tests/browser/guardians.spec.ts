// E5, R24: the divorced parents of one child. Each is in the child's portal with rights of their own; one is shut out and
// the other stays. A client who is of age is asked before anybody else gets in.
import { expect, test } from './support/ruh.ts';
import { accept, addClient, ana, atHome, invitationLink, look, quick, soon, toast } from './support/people.ts';

test.use(quick);

const phone = { width: 390, height: 844 };
const desk = { width: 1280, height: 800 };

test('divorced parents of one child', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  const at = await addClient(page, { first: 'Nils', last: 'Bergström' });
  await page.goto(`${at}?edit=1`);
  await page.locator('#personal-information').getByLabel('Date of birth').fill('2018-05-01');
  await page.getByRole('button', { name: 'Save changes' }).click();
  await expect(page.getByText('Minor', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Actions' }).click();
  await page.locator('#actions-menu').getByRole('link', { name: 'Family and contacts' }).click();

  const card = page.getByRole('region', { name: 'Family and contacts' });
  const dialog = page.getByRole('dialog', { name: /contact/ });
  const add = async (first: string, email: string, rights: string[]) => {
    await page.getByRole('button', { name: 'Add contact' }).first().click();
    await dialog.getByLabel('First name').fill(first);
    await dialog.getByLabel('Relationship').selectOption({ label: 'Parent' });
    await dialog.getByLabel('Email').fill(email);
    for (const right of rights) await dialog.getByLabel(right).check();
    await look(page);
    await dialog.getByRole('button', { name: 'Add contact' }).click();
    await expect(toast(page, 'Contact added.')).toBeVisible();
    await card.getByRole('button', { name: `Invite to portal: ${first}` }).click();
    await expect(toast(page, 'The invitation leaves in a moment.')).toBeVisible();
  };
  await test.step('each with rights of their own', async () => {
    await add('Ingrid', 'ingrid@mail.example', ['See and change personal details', 'Read and write messages']);
    await add('Lars', 'lars@mail.example', ['See receipts']);
    await look(page);
    await page.setViewportSize(phone);
    await look(page);
    await page.setViewportSize(desk);
  });

  await test.step('a note that only the practice sees', async () => {
    await page.getByRole('button', { name: 'Write a note' }).click();
    const note = page.getByRole('dialog', { name: 'Custody note' });
    await note.getByLabel('Custody note').fill('Both decide.\nOnly the mother collects him.');
    await look(page);
    await note.getByRole('button', { name: 'Save note' }).click();
    await expect(page.getByRole('region', { name: 'Custody note' })).toContainText('Only the mother collects him.');
  });

  const ingrid = await visitor({ phone: true });
  const lars = await visitor();
  await test.step('in the portal', async () => {
    await accept(ingrid, await invitationLink(ruh, 'ingrid@mail.example'));
    await expect(ingrid.getByRole('heading', { level: 1 })).toHaveText(/Here for .*Nils/);
    await expect(ingrid.getByRole('region', { name: 'What you can do here' })).toContainText('Read and write messages');
    await look(ingrid);
    await accept(lars, await invitationLink(ruh, 'lars@mail.example'), 'the other parent waits');
    await look(lars);
    await lars.goto('/portal/profile');
    await expect(lars.getByText('1 May 2018')).toHaveCount(0);
    await look(lars);
    await ingrid.goto('/portal/profile');
    await expect(ingrid.getByText('1 May 2018')).toBeVisible();
    await look(ingrid);
  });

  await test.step('one is shut out, the other stays', async () => {
    await page.reload();
    const row = card.getByRole('listitem').filter({ hasText: 'Lars' });
    await expect(row).toContainText('In the portal');
    await look(page);
    await row.getByRole('button', { name: 'End portal access: Lars' }).click();
    await expect(toast(page, 'Ended. They are not in the portal any more.')).toBeVisible();
    await lars.goto('/portal');
    await expect(lars.getByRole('heading', { name: /What you can do here/ })).toHaveCount(0);
    await ingrid.goto('/portal');
    await expect(ingrid.getByRole('heading', { name: 'What you can do here' })).toBeVisible();
  });

  await test.step('the whole record, to hand over', async () => {
    await page.getByRole('button', { name: 'Actions' }).click();
    await page.locator('#actions-menu').getByRole('link', { name: 'Export this record' }).click();
    await page.getByRole('link', { name: 'Show to print' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Whole record');
    await expect(page.getByRole('region', { name: 'Family and contacts' })).toContainText('Ingrid');
    await expect(page.getByRole('button', { name: 'Print or save as PDF' })).toBeVisible();
    await look(page);
    await page.setViewportSize(phone);
    await look(page);
    await page.setViewportSize(desk);
    const file = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download for a program' }).click();
    expect((await file).suggestedFilename()).toMatch(/^record-\d{4}-\d{2}-\d{2}\.json$/);
  });
});

test('whoever is of age is asked', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  await addClient(page, ana);
  const own = await visitor({ phone: true });
  await accept(own, await invitationLink(ruh, ana.email), ana.password);
  await page.getByRole('link', { name: 'Family and contacts' }).click();
  const card = page.getByRole('region', { name: 'Family and contacts' });
  const dialog = page.getByRole('dialog', { name: /contact/ });
  await page.getByRole('button', { name: 'Add contact' }).click();
  await dialog.getByLabel('First name').fill('Sam');
  await dialog.getByLabel('Relationship').selectOption({ label: 'Spouse' });
  await dialog.getByLabel('Email').fill('sam@mail.example');
  await dialog.getByLabel('See appointments').check();
  await dialog.getByRole('button', { name: 'Add contact' }).click();
  await card.getByRole('button', { name: 'Invite to portal: Sam' }).click();
  await expect(toast(page, 'The client is asked in their portal.')).toBeVisible();
  await expect(card).toContainText("Waits for the client's consent");
  await look(page);

  await own.goto('/portal');
  await look(own);
  await own.getByRole('link', { name: 'Look at it' }).click();
  await expect(own.getByRole('heading', { level: 1 })).toHaveText('Others in your portal');
  await look(own);
  await own.getByRole('button', { name: 'Agree: Sam', exact: true }).click();
  await expect(toast(own, 'Thank you. Your practice knows.')).toBeVisible();
  await look(own);
  const sam = await visitor();
  await accept(sam, await invitationLink(ruh, 'sam@mail.example'), 'a lamp by the window');
  await expect(sam.getByRole('region', { name: 'What you can do here' })).toContainText('See appointments');
  await own.reload();
  await expect(own.getByText('In your portal.')).toBeVisible(soon);
  await own.getByRole('button', { name: 'End their access: Sam' }).click();
  await expect(toast(own, 'They are not in your portal.')).toBeVisible();
  await sam.goto('/portal');
  await expect(sam.getByRole('heading', { name: 'What you can do here' })).toHaveCount(0);
});
