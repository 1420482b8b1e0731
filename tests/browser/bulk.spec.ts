// Ten thousand clients: found, filtered, sorted, selected, invited, put into a group, and put back. PostgreSQL in a
// debug build takes its time for each of them, so that it has a quarter as many.
import { expect, type Page, test } from './support/ruh.ts';
import { look, signIn } from './support/people.ts';

// None of the invitations leaves while this looks; how they leave one after the other is tested elsewhere.
test.use({ environment: { RUH_UNDO_SECONDS: '3600' } });

const bar = (page: Page) => page.getByRole('region', { name: 'Selected clients' });
const filter = (page: Page, label: string) => page.getByRole('search', { name: 'Clients' }).getByLabel(label);
const long = { timeout: 120_000 };

/** Selects everybody who matches. */
async function selectAll(page: Page, many: string) {
  await page.getByRole('checkbox', { name: 'Select everybody on this page' }).check();
  await expect(bar(page)).toContainText('50 selected');
  await bar(page).getByRole('checkbox', { name: `Select all that match: ${many} clients` }).check();
  await expect(bar(page)).toContainText(`${many} clients selected`);
}

test('ten thousand clients', async ({ ruh, page, database }) => {
  test.setTimeout(400_000);
  const [crowd, all, inGroup] = database === 'sqlite' ? ['9960', '9,999', '1,992'] : ['2460', '2,499', '492'];
  const password = ruh.run('demo', '--crowd', crowd).trim().split('\n').at(-1)!;
  await signIn(page, { email: 'maya@harbourlight.example', password }, /\/home$/);

  await test.step('found, filtered, sorted', async () => {
    await page.goto('/clients');
    await expect(page.locator('.count')).toHaveText(`${all} clients`);
    await look(page);
    await page.getByRole('searchbox', { name: 'Search clients' }).fill('Brandt 00003');
    await expect(page.locator('.count')).toHaveText('1 client');
    await expect(page.getByRole('link', { name: 'Omar Brandt 00003' })).toBeVisible();
    await page.getByRole('searchbox', { name: 'Search clients' }).fill('');
    await filter(page, 'Group').selectOption({ label: 'No group' });
    await expect(page.getByRole('heading', { name: 'Nobody found' })).toBeVisible();
    await expect(page).toHaveURL(/group_id=none/);
    await page.goto('/clients');
    await page.getByRole('columnheader', { name: 'Name' }).getByRole('link').click();
    await expect(page).toHaveURL(/sort=-name/);
  });

  await test.step('all who match are invited, while one goes elsewhere', async () => {
    await page.goto('/clients');
    await selectAll(page, all);
    await look(page);
    await bar(page).getByRole('button', { name: 'Send invitations' }).click();
    await expect(page).toHaveURL(/\/clients\/bulk\//);
    await expect(page.getByRole('progressbar')).toBeVisible();
    await look(page);
    await page.goto('/home');
    await expect(page.getByRole('region', { name: 'Under way' })).toContainText('Inviting');
    await page.getByRole('region', { name: 'Under way' }).getByRole('link').click();
    await expect(page.getByRole('heading', { name: 'Invitations are on their way' })).toBeVisible(long);
    await expect(page.getByRole('heading', { name: 'Skipped' })).toBeVisible();
    await expect(page.getByText('No email').first()).toBeVisible();
    await look(page);
  });

  const before = await test.step('a group and a provider for those of one group', async () => {
    await page.goto('/clients');
    await filter(page, 'Group').selectOption({ label: 'Couples' });
    await expect(page).toHaveURL(/group_id=/);
    const count = page.locator('.count');
    await expect(count).not.toHaveText(`${all} clients`);
    const couples = (await count.textContent())!.replace(' clients', '');
    expect(Number(couples.replace(',', ''))).toBeGreaterThan(Number(inGroup.replace(',', '')));
    await selectAll(page, couples);
    await bar(page).getByRole('button', { name: 'Assign', exact: true }).click();
    await bar(page).getByLabel('Primary provider').selectOption({ label: 'Hana Suzuki' });
    await bar(page).getByRole('button', { name: 'Assign provider' }).click();
    await expect(page.getByRole('heading', { name: 'Provider assigned' })).toBeVisible(long);
    await page.goto('/clients');
    await filter(page, 'Group').selectOption({ label: 'Couples' });
    await expect(count).toHaveText(`${couples} clients`);
    await selectAll(page, couples);
    await bar(page).getByRole('button', { name: 'Assign', exact: true }).click();
    await bar(page).getByLabel('Group').selectOption({ label: 'Students' });
    await bar(page).getByRole('button', { name: 'Assign group' }).click();
    await expect(page.getByRole('heading', { name: 'Group assigned' })).toBeVisible(long);
    return couples;
  });

  await test.step('Undo', async () => {
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect(page.getByRole('heading', { name: 'Undone' })).toBeVisible(long);
    await expect(page.getByText(`${before} put back`)).toBeVisible();
    await page.goto('/clients');
    await filter(page, 'Group').selectOption({ label: 'Couples' });
    await expect(page.locator('.count')).toHaveText(`${before} clients`);
  });

  await test.step('a colleague joins the care team of one', async () => {
    await page.goto('/clients');
    await page.getByRole('checkbox', { name: 'Select Ben Adler' }).check();
    await bar(page).getByRole('button', { name: 'Assign', exact: true }).click();
    await look(page);
    await bar(page).getByLabel('Care team').selectOption({ label: 'Hana Suzuki' });
    await bar(page).getByRole('button', { name: 'Add to team' }).click();
    await expect(page.getByRole('heading', { name: 'Added to care teams' })).toBeVisible(long);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect(page.getByText('1 put back')).toBeVisible(long);
  });

  await test.step('some, by the keyboard', async () => {
    await page.goto('/clients');
    const first = page.getByRole('checkbox', { name: 'Select Ben Adler' });
    await first.focus();
    await page.keyboard.press('Space');
    await expect(bar(page)).toContainText('1 selected');
    await bar(page).getByRole('button', { name: 'Archive' }).press('Enter');
    await expect(page.getByRole('heading', { name: 'Archived', exact: true })).toBeVisible(long);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect(page.getByText('1 put back')).toBeVisible(long);
  });
});
