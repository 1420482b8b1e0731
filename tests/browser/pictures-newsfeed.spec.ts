// Pictures of the newsfeed, a client's timeline and who has looked.
import { fits, type Page, picture, settled, targets, test } from './support/ruh.ts';

const wanted = process.env.RUH_PICTURES ?? '';

async function look(page: Page, name: string) {
  if (!name.includes(wanted)) return;
  await settled(page);
  await picture(page, name);
  await targets(page);
  await fits(page);
}

async function signIn(page: Page, email: string, password: string) {
  await page.goto('/sign-in');
  await page.getByLabel('Email', { exact: true }).fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL((url) => url.pathname !== '/sign-in');
}

test('what is new', async ({ ruh, page, visitor }) => {
  test.setTimeout(600_000);
  const password = ruh.run('demo').trim().split('\n').at(-1)!;
  await signIn(page, 'hana@harbourlight.example', password);
  await page.goto('/home');
  await look(page, 'newsfeed-home');
  await page.goto('/newsfeed');
  await look(page, 'newsfeed');
  await page.getByRole('link', { name: /Only this client/ }).first().click();
  await look(page, 'newsfeed-only');
  await page.goto('/settings/newsfeed');
  await look(page, 'newsfeed-choices');
  const maya = await visitor();
  await signIn(maya, 'maya@harbourlight.example', password);
  await maya.goto('/clients');
  await maya.getByRole('link', { name: 'Ana Marchetti' }).click();
  await maya.getByRole('link', { name: 'Timeline' }).click();
  await look(maya, 'timeline');
  await maya.getByRole('link', { name: 'Who has looked' }).click();
  await look(maya, 'looks');
  const tom = await visitor();
  await signIn(tom, 'tom@harbourlight.example', password);
  await tom.goto('/newsfeed');
  await look(tom, 'newsfeed-empty');
  const ana = await visitor();
  await signIn(ana, 'ana.marchetti@harbourlight.example', password);
  await ana.goto('/portal/looks');
  await look(ana, 'portal-looks');
});
