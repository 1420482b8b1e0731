// Pictures of the newsfeed and of the sides of a client's record.
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
  await maya.getByRole('link', { name: 'Family and contacts' }).click();
  await look(maya, 'contacts-empty');
  for (const [first, relation, main] of [['Giulia', 'Parent', true], ['Tommaso', 'Legal guardian', false], ['A very long name that somebody was given by loving parents', 'Caregiver', false]] as const) {
    await maya.getByRole('button', { name: 'Add contact' }).click();
    const dialog = maya.getByRole('dialog', { name: 'Add contact' });
    await dialog.getByLabel('First name').fill(first);
    await dialog.getByLabel('Relationship').selectOption({ label: relation });
    await dialog.getByLabel('Phone').fill('+1 212 555 0123');
    await dialog.getByLabel('Email').fill('somebody.around@harbourlight.example');
    await dialog.getByLabel(main ? 'Main contact' : 'Emergency contact').check();
    if (main) await look(maya, 'contacts-form');
    await dialog.getByRole('button', { name: 'Add contact' }).click();
    await maya.getByRole('region', { name: 'Family and contacts' }).getByRole('listitem').filter({ hasText: first }).waitFor();
    await maya.waitForLoadState();
  }
  await look(maya, 'contacts');
  await maya.getByRole('button', { name: 'Write a note' }).click();
  await maya.getByRole('dialog', { name: 'Custody note' }).getByLabel('Custody note').waitFor();
  await look(maya, 'custody');
  await maya.getByRole('link', { name: 'Cancel' }).click();
  await maya.getByRole('button', { name: 'Actions' }).click();
  await maya.getByRole('button', { name: "Change client's password" }).click();
  const ways = maya.getByRole('dialog', { name: "Change client's password" });
  await ways.getByRole('button', { name: 'Make passphrase' }).waitFor();
  await look(maya, 'desk-ways');
  await ways.getByRole('button', { name: 'Make passphrase' }).click();
  const words = await ways.locator('#passphrase').innerText();
  await look(maya, 'desk-passphrase');
  const desk = await visitor();
  await desk.goto('/sign-in');
  await desk.getByLabel('Email', { exact: true }).fill('ana.marchetti@harbourlight.example');
  await desk.getByRole('main').getByLabel('Password', { exact: true }).fill(words);
  await desk.getByRole('button', { name: 'Sign in', exact: true }).click();
  await desk.waitForURL(/\/portal\/password$/);
  await look(desk, 'desk-choose');
  await desk.goto('/portal');
  await look(desk, 'desk-portal');
  const tom = await visitor();
  await signIn(tom, 'tom@harbourlight.example', password);
  await tom.goto('/newsfeed');
  await look(tom, 'newsfeed-empty');
  const ana = await visitor();
  await signIn(ana, 'ana.marchetti@harbourlight.example', password);
  await ana.goto('/portal/looks');
  await look(ana, 'portal-looks');
});

test('family in the portal', async ({ ruh, visitor }) => {
  test.setTimeout(600_000);
  const password = ruh.run('demo').trim().split('\n').at(-1)!;
  for (const [who, name, shot] of [['daniel', 'Leo Bergström', 'family-minor'], ['hana', 'Imogen Fairweather', 'family-asked'],
    ['maya', 'Emre Yıldız', 'break-glass']] as const) {
    const staff = await visitor();
    await signIn(staff, `${who}@harbourlight.example`, password);
    await staff.goto(`/clients?search=${encodeURIComponent(name)}`);
    await staff.getByRole('main').getByRole('link', { name: new RegExp(name.split(' ')[1]) }).first().click();
    if (who !== 'maya') await staff.getByRole('link', { name: 'Family and contacts' }).click();
    await look(staff, shot);
  }
  const lars = await visitor();
  await signIn(lars, 'lars.holm@harbourlight.example', password);
  await look(lars, 'guardian-home');
  await lars.goto('/portal/profile');
  await look(lars, 'guardian-profile');
  const immy = await visitor();
  await signIn(immy, 'immy.fairweather@harbourlight.example', password);
  await look(immy, 'portal-asked');
  await immy.goto('/portal/people');
  await look(immy, 'portal-people');
});
