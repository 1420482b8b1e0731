// The Clients list of a practice with some two hundred clients: found, filtered, sorted, exported, marked.
import { readFileSync } from 'node:fs';
import { expect, type Page, test } from './support/ruh.ts';
import { addClient, look, signIn } from './support/people.ts';

const maya = 'maya@harbourlight.example';
const count = (page: Page) => page.locator('.count');
const filter = (page: Page, label: string) => page.getByRole('search', { name: 'Clients' }).getByLabel(label);
const names = (page: Page) => page.getByRole('table', { name: 'Clients' }).locator('.row-link');
const bar = (page: Page) => page.getByRole('region', { name: 'Selected clients' });
const everybody = (page: Page) => page.getByRole('checkbox', { name: 'Select everybody on this page' });

/** The rows of the file that a press downloads, without the head. */
async function exported(page: Page, press: () => Promise<void>) {
  const [download] = await Promise.all([page.waitForEvent('download'), press()]);
  expect(download.suggestedFilename()).toMatch(/\.csv$/);
  return readFileSync(await download.path(), 'utf8').replace('\ufeff', '').trim().split(/\r?\n/);
}

test('two hundred clients: found, filtered, sorted, shown as one likes, and exported', async ({ ruh, page }) => {
  test.setTimeout(120_000);
  const password = ruh.run('demo', '--crowd', '170').trim().split('\n').at(-1)!;
  await signIn(page, { email: maya, password }, /\/home$/);
  await addClient(page, { first: '=cmd()', last: 'Brandt' }, false);
  await page.goto('/clients');
  const all = (await count(page).textContent())!;
  await look(page);

  await test.step('a fragment and two filters, shown as chips and in the address', async () => {
    await page.getByRole('searchbox', { name: 'Search clients' }).fill('rand');
    await expect(page).toHaveURL(/search=rand/);
    await expect(count(page)).not.toHaveText(all);
    for (const name of await names(page).allTextContents()) expect(name.toLowerCase()).toContain('rand');
    const found = (await count(page).textContent())!;
    await filter(page, 'Group').selectOption({ label: 'Couples' });
    await expect(page).toHaveURL(/search=rand.*group_id=|group_id=.*search=rand/);
    await expect(count(page)).not.toHaveText(found);
    const couples = (await count(page).textContent())!;
    await filter(page, 'Invitation').selectOption({ index: 1 });
    await expect(page).toHaveURL(/invitation=/);
    await expect(filter(page, 'Group').locator('option:checked')).toHaveText('Couples');
    await filter(page, 'Group').focus();
    await look(page);
    await filter(page, 'Invitation').selectOption({ index: 0 });
    await expect(count(page)).toHaveText(couples);
    await expect(page).not.toHaveURL(/invitation=[a-z]/);
  });

  await test.step('Back from a client keeps all of it', async () => {
    const found = await names(page).allTextContents();
    expect(found.length).toBeGreaterThan(1);
    const address = page.url();
    await names(page).first().click();
    // Somebody else's client asks why first; Back is the same from there.
    await expect(page).toHaveURL(/\/clients\/[0-9a-f-]{36}(\/open\?.*)?$/);
    await page.goBack();
    await expect(page).toHaveURL(address);
    await expect(names(page)).toHaveText(found);
    await expect(page.getByRole('searchbox', { name: 'Search clients' })).toHaveValue('rand');
    await expect(filter(page, 'Group').locator('option:checked')).toHaveText('Couples');
  });

  await test.step('a head sorts, both ways, within what was found', async () => {
    const before = await names(page).allTextContents();
    const head = page.getByRole('columnheader', { name: 'Name' });
    await expect(head).toHaveAttribute('aria-sort', 'ascending');
    await head.getByRole('link').click();
    await expect(head).toHaveAttribute('aria-sort', 'descending');
    await expect(page).toHaveURL(/sort=-name/);
    await expect(page).toHaveURL(/search=rand/);
    expect(await names(page).allTextContents()).toEqual(before.toReversed());
  });

  await test.step('columns are chosen, and stay chosen', async () => {
    await page.getByRole('button', { name: 'Columns' }).click();
    await expect(page.locator('#columns-menu')).toBeVisible();
    await look(page);
    await page.getByRole('checkbox', { name: 'Phone' }).uncheck();
    await page.getByRole('checkbox', { name: 'Time zone' }).check();
    await page.getByRole('button', { name: 'Show these columns' }).click();
    await expect(page.getByRole('columnheader', { name: 'Time zone' })).toBeVisible();
    await expect(page.getByRole('columnheader', { name: 'Phone' })).toHaveCount(0);
    await expect(page, 'what was found stays found').toHaveURL(/search=rand/);
    await page.goto('/clients');
    await expect(page.getByRole('columnheader', { name: 'Time zone' })).toBeVisible();
    await expect(page.getByRole('columnheader', { name: 'Phone' })).toHaveCount(0);
    await look(page);
  });

  await test.step('the file holds what was found, and a name is text in it', async () => {
    await page.goto('/clients?search=brandt');
    const many = Number((await count(page).textContent())!.split(' ')[0]);
    expect(many).toBeGreaterThan(3);
    const rows = await exported(page, async () => {
      await page.getByRole('button', { name: 'Export' }).first().click();
      await page.getByRole('link', { name: 'These columns' }).click();
    });
    expect(rows[0]).toContain('Time zone');
    expect(rows[0]).not.toContain('Phone');
    expect(rows.length - 1).toBe(many);
    for (const row of rows.slice(1)) expect(row).toContain('Brandt');
    const trick = rows.find((row) => row.includes('cmd()'))!;
    expect(trick, 'no spreadsheet takes it for a formula').toMatch(/^"?'=cmd\(\)/);
  });

  await test.step('marked by the keyboard alone, and put down again', async () => {
    await page.goto('/clients');
    await everybody(page).focus();
    await page.keyboard.press('Space');
    await expect(bar(page)).toContainText('50 selected');
    await look(page);
    await page.keyboard.press('Tab');
    // The head's link comes next; then each row's box and name.
    const first = page.locator('tbody .pick input').first();
    while (!await first.evaluate((box) => box === document.activeElement)) await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await expect(bar(page)).toContainText('49 selected');
    const rows = await exported(page, () => bar(page).getByRole('button', { name: 'Export' }).press('Enter'));
    expect(rows).toHaveLength(50);
    await bar(page).getByRole('button', { name: 'Clear' }).press('Enter');
    await expect(bar(page)).toBeHidden();
    await expect(everybody(page)).toBeFocused();
  });

  await test.step('nobody found', async () => {
    await page.goto('/clients?status=archived&invitation=bounced');
    await expect(page.getByRole('heading', { name: 'Nobody found' })).toBeVisible();
    await look(page);
    await page.getByRole('link', { name: 'Show all clients' }).click();
    await expect(count(page)).toHaveText(all);
  });
});

test('on a phone: cards, and the whole page is marked in one press', async ({ ruh, visitor }) => {
  test.setTimeout(60_000);
  const password = ruh.run('demo', '--crowd', '60').trim().split('\n').at(-1)!;
  const phone = await visitor({ phone: true });
  await signIn(phone, { email: maya, password }, /\/home$/);
  await phone.goto('/clients');
  await look(phone);
  const box = await names(phone).first().boundingBox();
  expect(box!.width, 'a card, not a cell').toBeGreaterThan(60);
  await expect(everybody(phone)).toHaveCount(1);
  await everybody(phone).check();
  await expect(bar(phone)).toContainText('50 selected');
  await expect(bar(phone).getByRole('checkbox', { name: /^Select all that match/ })).toBeVisible();
  await look(phone);
  await phone.locator('tbody .pick input').first().uncheck();
  await expect(everybody(phone)).toBeChecked({ indeterminate: true });
  await bar(phone).getByRole('button', { name: 'Clear' }).click();
  await expect(bar(phone)).toBeHidden();
  await expect(everybody(phone)).toBeFocused();
});
