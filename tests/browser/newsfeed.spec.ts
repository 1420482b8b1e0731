// F1–F3, E6: a colleague is put on somebody's care team and hears of it without a reload; what has happened and who has
// looked stands on the client's page; the client reads the latter in plain words.
import { expect, type Page, test } from './support/ruh.ts';
import { look, signIn, toast } from './support/people.ts';

// None of the made-up practice's mails leaves while this looks.
test.use({ environment: { RUH_UNDO_SECONDS: '3600' } });

const news = (page: Page) => page.getByRole('region', { name: /Newsfeed|What is new/ });
const items = (page: Page) => news(page).getByRole('listitem');
const soon = { timeout: 20_000 };

test('an assignment is news at once, and stands on the timeline', async ({ ruh, page, visitor }) => {
  test.setTimeout(240_000);
  const password = ruh.run('demo').trim().split('\n').at(-1)!;
  const hana = await visitor();
  await signIn(hana, { email: 'hana@harbourlight.example', password }, /\/home$/);
  await expect(news(hana)).toBeVisible();
  await look(hana);
  await signIn(page, { email: 'maya@harbourlight.example', password }, /\/home$/);
  await page.goto('/clients?search=Ana+Marchetti');
  await page.getByRole('link', { name: 'Ana Marchetti' }).click();

  await test.step('live, without a reload', async () => {
    await page.getByRole('button', { name: 'Actions' }).click();
    await page.getByRole('link', { name: 'Personal Information' }).click();
    await page.getByRole('checkbox', { name: 'Hana Suzuki' }).check();
    await page.getByRole('button', { name: 'Save changes' }).click();
    await expect(toast(page, 'Saved.')).toBeVisible();
    await expect(items(hana).first()).toContainText('You joined the care team', soon);
    await expect(items(hana).first()).toContainText('Ana Marchetti');
    await expect(items(hana).first()).toContainText('New');
  });

  await test.step('the client\'s timeline, by kind', async () => {
    const sides = page.getByRole('navigation', { name: 'Sides of the record' });
    await sides.getByRole('link', { name: 'Timeline' }).click();
    await expect(page.getByRole('region', { name: 'Timeline' }).getByRole('listitem').first()).toContainText('Hana Suzuki joined the care team');
    await look(page);
    await page.getByRole('navigation', { name: 'Kinds' }).getByRole('link', { name: 'Invitations' }).click();
    await expect(page.getByRole('region', { name: 'Timeline' })).toContainText('Invitation accepted');
    await expect(page.getByRole('region', { name: 'Timeline' })).not.toContainText('care team');
  });

  await test.step('an item leads to the client and is seen then', async () => {
    await items(hana).first().getByRole('link', { name: 'Ana Marchetti' }).click();
    await expect(hana.getByRole('heading', { level: 1, name: 'Ana Marchetti' })).toBeVisible();
    await hana.goto('/newsfeed');
    await expect(items(hana).first()).not.toContainText('New');
    await look(hana);
    await hana.setViewportSize({ width: 390, height: 844 });
    await look(hana);
    await hana.setViewportSize({ width: 1280, height: 800 });
    await items(hana).first().getByRole('link', { name: /Only this client/ }).click();
    await expect(hana.getByText('Only Ana Marchetti')).toBeVisible();
    await hana.getByRole('link', { name: 'Show everybody' }).click();
    await hana.getByRole('button', { name: 'Mark all read' }).click();
    await expect(news(hana).getByRole('button', { name: 'Mark all read' })).toHaveCount(0);
    await expect(items(hana).first()).toBeVisible();
  });

  await test.step('each chooses what to be told', async () => {
    await hana.getByRole('link', { name: 'Choose what is shown' }).click();
    await look(hana);
    await hana.getByLabel('Care team').selectOption({ label: 'Neither' });
    await hana.getByLabel('New clients').selectOption({ label: 'Newsfeed and daily email' });
    await hana.getByRole('button', { name: 'Save' }).click();
    await expect(toast(hana, 'Saved.')).toBeVisible();
    await expect(hana.getByLabel('Care team')).toHaveValue('none');
  });

  await test.step('who has looked, for the staff and for the client', async () => {
    await expect(async () => {
      await page.getByRole('link', { name: 'Who has looked' }).click();
      await expect(page.getByRole('region', { name: 'Who has looked' })).toContainText('Hana Suzuki', { timeout: 1_000 });
    }).toPass(soon);
    await look(page);
    const ana = await visitor({ phone: true });
    await signIn(ana, { email: 'ana.marchetti@harbourlight.example', password }, /\/portal$/);
    await ana.getByRole('link', { name: 'Profile' }).click();
    await ana.getByRole('link', { name: 'Who has looked' }).click();
    await expect(ana.getByText('Hana Suzuki opened your record.')).toBeVisible();
    await look(ana);
  });

  await test.step('leaving the team takes the news away', async () => {
    await page.getByRole('link', { name: 'Overview' }).click();
    await page.getByText('Personal Information', { exact: true }).last().click();
    await page.getByRole('checkbox', { name: 'Hana Suzuki' }).uncheck();
    await page.getByRole('button', { name: 'Save changes' }).click();
    await expect(toast(page, 'Saved.')).toBeVisible();
    await hana.goto('/newsfeed');
    await expect(news(hana)).not.toContainText('Ana Marchetti');
  });
});
