// One account with several places: the chooser after signing in, Switch in the header, and nothing of one practice in
// the other.
import { expect, type Page, type Ruh, test } from './support/ruh.ts';
import { accept, addClient, ana, atHome, invitationLink, look, openAddClient, owner, quick, signIn } from './support/people.ts';

test.use(quick);

const mother = { email: 'ingrid@mail.example', password: 'seven swans on the lake' };
const ruth = { email: 'ruth@lindenhof.example', password: 'the bridge in the morning' };

/** A second practice in the same house, with its owner signed in. */
async function lindenhof(ruh: Ruh, page: Page) {
  ruh.runWith(ruth.password, 'practice', 'create', '--name', 'Lindenhof', '--owner-name', 'Ruth Lindner',
    '--owner-email', ruth.email, '--time-zone', 'Europe/Berlin', '--password-stdin');
  await signIn(page, ruth, /\/home$/);
}

const switching = (page: Page) => page.getByRole('banner').getByRole('link', { name: 'Switch' });
const places = (page: Page) => page.getByRole('main').getByRole('listitem');
const header = (page: Page) => page.getByRole('banner');

test('two children of one account: the chooser, and Switch between them', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  await addClient(page, { first: 'Nils', last: 'Bergström', email: mother.email });
  const phone = await visitor({ phone: true });
  await accept(phone, await invitationLink(ruh, mother.email), mother.password);
  await expect(switching(phone), 'nowhere else to go').toHaveCount(0);

  // The second child by another browser: the first one offers Switch as well.
  const dialog = await openAddClient(page);
  await dialog.getByLabel('First name', { exact: true }).fill('Leo');
  await dialog.getByLabel('Last name', { exact: true }).fill('Bergström');
  await dialog.getByLabel('Email', { exact: true }).fill(mother.email);
  await dialog.getByRole('button', { name: 'Add Client' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Add anyway' }).click();
  const desk = await visitor();
  await accept(desk, await invitationLink(ruh, mother.email, 2), mother.password);
  await expect(header(desk)).toContainText('Leo Bergström · Client Portal');
  await look(desk);
  await phone.goto('/portal/profile');
  await expect(header(phone)).toContainText('Nils Bergström · Client Portal');
  await look(phone);
  await expect(phone.getByRole('main')).not.toContainText('Leo');

  await switching(phone).click();
  await expect(phone.getByRole('heading', { level: 1 })).toHaveText('Where would you like to go?');
  await expect(places(phone)).toHaveText([/Riverside Counseling\s+Nils Bergström\s+Client Portal\s+You are here/, /Riverside Counseling\s+Leo Bergström\s+Client Portal\s*$/]);
  await look(phone);
  await phone.getByRole('button', { name: /Leo/ }).click();
  await expect(phone).toHaveURL(/\/portal$/);
  await expect(header(phone)).toContainText('Leo Bergström');
  await phone.goto('/portal/profile');
  await expect(phone.getByRole('main')).not.toContainText('Nils');

  // After signing in, by keyboard alone.
  const later = await visitor();
  await signIn(later, mother, /\/places$/);
  await look(later);
  await expect(later.getByText('You are here')).toHaveCount(0);
  await later.keyboard.press('Tab');
  await later.keyboard.press('Tab');
  await expect(later.getByRole('button', { name: /Nils/ })).toBeFocused();
  await later.keyboard.press('Tab');
  await later.keyboard.press('Enter');
  await expect(later).toHaveURL(/\/portal$/);
  await expect(header(later)).toContainText('Leo Bergström · Client Portal');
});

test('a client of two practices: neither shows the other, and nothing connects before its holder says so', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  await addClient(page, ana);
  const hers = await visitor({ phone: true });
  await accept(hers, await invitationLink(ruh, ana.email));

  const other = await visitor();
  await lindenhof(ruh, other);
  const record = await addClient(other, { first: 'Anna', last: 'Lopez', email: ana.email });
  await expect(other.getByRole('main'), 'no sign of an account').not.toContainText(/Riverside|already have/);
  const link = await invitationLink(ruh, ana.email, 2);
  await hers.goto('/places');
  await expect(hers.getByRole('main'), 'not before she accepts').not.toContainText('Lindenhof');

  // Whoever holds the link without the account's password is told to prove it, and stays outside.
  await hers.goto(link);
  await expect(hers.getByRole('heading', { level: 1 })).toHaveText('Welcome, Anna');
  await expect(hers.getByRole('contentinfo')).toContainText('Type its password here');
  await look(hers);
  const password = hers.getByRole('main').getByLabel('Password', { exact: true });
  await password.fill('another one altogether');
  await hers.getByRole('button', { name: 'Create password' }).click();
  await expect(hers.getByRole('alert')).toContainText('There is already an account with this email');
  await look(hers);
  await password.fill(ana.password);
  await hers.getByRole('button', { name: 'Create password' }).click();
  await expect(hers).toHaveURL(/\/portal$/);
  await expect(header(hers)).toContainText(/Lindenhof\s*Anna Lopez · Client Portal/);

  for (const [here, there] of [['Lindenhof', 'Riverside'], ['Riverside', 'Lindenhof']]) {
    await hers.goto('/places');
    await hers.getByRole('button', { name: new RegExp(here) }).click();
    for (const path of ['/portal', '/portal/profile', '/portal/security']) {
      await hers.goto(path);
      await expect(header(hers)).toContainText(here);
      expect(await hers.content(), `${path} of ${here}`).not.toContain(there);
    }
  }
  // What she changes in one practice stays there.
  await hers.goto('/portal/profile');
  await hers.getByLabel('Preferred name').fill('Anita');
  await hers.getByRole('button', { name: 'Save changes' }).click();
  await expect(hers.getByLabel('Preferred name')).toHaveValue('Anita');
  await other.goto(record);
  await expect(other.getByRole('main')).toContainText('Accepted');
  await expect(other.getByRole('main')).not.toContainText(/Anita|Riverside/);
});

test('a therapist is a client elsewhere, invited while another person is signed in', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  await addClient(page, ana);
  const shared = await visitor();
  await accept(shared, await invitationLink(ruh, ana.email));

  const other = await visitor();
  await lindenhof(ruh, other);
  await addClient(other, { first: owner.first, last: owner.last, email: owner.email });
  await shared.goto(await invitationLink(ruh, owner.email));
  // Ana's session is none of this link's business: it asks for the password of the address it was sent to.
  await expect(shared.getByRole('main')).toContainText(owner.email);
  await expect(shared.getByRole('main')).not.toContainText(/Ana|López|Riverside/);
  await look(shared);
  const password = shared.getByRole('main').getByLabel('Password', { exact: true });
  await password.fill(ana.password);
  await shared.getByRole('button', { name: 'Create password' }).click();
  await expect(shared.getByRole('alert')).toContainText('There is already an account with this email');
  await password.fill(owner.password);
  await shared.getByRole('button', { name: 'Create password' }).click();
  await expect(shared).toHaveURL(/\/portal$/);
  await expect(header(shared)).toContainText(/Lindenhof\s*Sam Reed · Client Portal/);

  await switching(shared).click();
  await expect(places(shared)).toHaveText([/Riverside Counseling\s+Sam Reed\s+Staff\s*$/, /Lindenhof\s+Sam Reed\s+Client Portal\s+You are here/]);
  await look(shared);
  await shared.getByRole('button', { name: /Staff/ }).click();
  await expect(shared).toHaveURL(/\/home$/);
  await expect(header(shared)).toContainText(/Riverside Counseling\s*Sam Reed · Staff/);
  await look(shared);
  await shared.goto('/clients');
  await expect(shared.getByRole('main')).toContainText('Ana López');
  expect(await shared.content()).not.toContain('Lindenhof');
  // The portal of one place is no way into the staff's pages of another.
  await shared.goto('/places');
  await shared.getByRole('button', { name: /Client Portal/ }).click();
  await expect(shared).toHaveURL(/\/portal$/);
  expect((await shared.goto('/clients'))!.status()).toBe(404);

  // The therapist's own window knows of the new place, and who works at the other practice sees a client like any other.
  await page.goto('/home');
  await expect(switching(page)).toBeVisible();
  await other.goto('/clients');
  await expect(other.getByRole('main')).not.toContainText('Riverside');
});
