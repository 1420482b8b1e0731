// The people of the journeys and the steps that many of them share.
import { axe, expect, fits, linkIn, type Page, type Ruh, settled, targets } from './ruh.ts';

export const owner = {
  first: 'Sam',
  last: 'Reed',
  email: 'sam@riverside.example',
  password: 'long winter walks home',
};
export const ana = {
  first: 'Ana',
  last: 'López',
  email: 'ana@mail.example',
  password: 'a kettle on the stove',
};

/** Undo for one second: journeys that are about something else need not wait for ten. */
export const quick = { environment: { RUH_UNDO_SECONDS: '1' } };

/** A state of the history comes by a poll of the page, some seconds after it happened. */
export const soon = { timeout: 15_000 };

const seen = new Set<string>();

/**
 * What every page must pass: axe in light and dark, nothing sideways, nothing too small to press. A page that differs
 * from one already looked at only in ids, times and ports is not looked at again: that is half of the suite's time.
 */
export async function look(page: Page) {
  await settled(page);
  const body = await page.evaluate(() => document.title + document.documentElement.className + document.body.outerHTML);
  const kind = JSON.stringify(page.viewportSize()) + body
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'id')
    .replace(/(localhost:|version" value=")\d+|datetime="[^"]*"/g, '$1')
    .replace(/known=[^"&]*/g, '')
    .replace(/\d{1,2}:\d{2}(:\d{2})?/g, 'time');
  if (seen.has(kind)) return;
  seen.add(kind);
  await axe(page);
  await fits(page);
  await targets(page);
}

/** The same for a page without script, in which axe cannot run: its text is shown to a browser that has it. */
export async function lookWithout(page: Page, scripted: Page) {
  const body = await page.content();
  await scripted.route('**/*', (route) => {
    const kind = route.request().resourceType();
    if (kind === 'document') return route.fulfill({ contentType: 'text/html', body });
    return kind === 'script' ? route.fulfill({ contentType: 'text/javascript', body: '' }) : route.continue();
  });
  await scripted.setViewportSize(page.viewportSize()!);
  await scripted.goto(page.url());
  await look(scripted);
  await scripted.unrouteAll();
}

/** A practice and its owner, made from the shell. */
export function practice(ruh: Ruh) {
  ruh.runWith(owner.password, 'practice', 'create', '--name', 'Riverside Counseling', '--owner-name', `${owner.first} ${owner.last}`,
    '--owner-email', owner.email, '--time-zone', 'America/New_York', '--password-stdin');
}

export async function typeSignIn(page: Page, who: { email: string; password: string }) {
  const main = page.getByRole('main');
  await main.getByLabel('Email', { exact: true }).fill(who.email);
  await main.getByLabel('Password', { exact: true }).fill(who.password);
  await main.getByRole('button', { name: 'Sign in', exact: true }).click();
}

export async function signIn(page: Page, who: { email: string; password: string }, lands: string | RegExp) {
  await page.goto('/sign-in');
  await typeSignIn(page, who);
  await expect(page).toHaveURL(lands);
}

/** The practice, with its owner signed in. */
export async function atHome(ruh: Ruh, page: Page) {
  practice(ruh);
  await signIn(page, owner, /\/home$/);
}

export async function openAddClient(page: Page) {
  await page.goto('/clients');
  await page.getByRole('button', { name: 'Add Client' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add Client' });
  await expect(dialog.getByLabel('First name', { exact: true })).toBeFocused();
  return dialog;
}

/** Adds a client in the dialog; the address of their page. */
export async function addClient(page: Page, who: { first: string; last: string; email?: string }, invite = true): Promise<string> {
  const dialog = await openAddClient(page);
  await dialog.getByLabel('First name', { exact: true }).fill(who.first);
  await dialog.getByLabel('Last name', { exact: true }).fill(who.last);
  if (who.email) await dialog.getByLabel('Email', { exact: true }).fill(who.email);
  await dialog.getByLabel('Send invitation email').setChecked(invite);
  await dialog.getByRole('button', { name: 'Add Client' }).click();
  await expect(page).toHaveURL(/\/clients\/[0-9a-f-]{36}$/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(`${who.first} ${who.last}`);
  return new URL(page.url()).pathname;
}

/** The link of the newest of so many invitations to an address. */
export async function invitationLink(ruh: Ruh, email: string, count = 1): Promise<string> {
  return linkIn(await ruh.mail.waitForMail(email, count), /\/invitation\//);
}

/** Opens an invitation's link and creates a password. */
export async function accept(page: Page, link: string, password = ana.password) {
  await page.goto(link);
  await page.getByRole('main').getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Create password' }).click();
  await expect(page).toHaveURL(/\/portal$/);
}

/** Waits until the newest invitation's history says this, told from its beginning; the page shows the latest on top. */
export async function tells(page: Page, ...story: string[]) {
  const lines = page.getByRole('region', { name: 'Invitation' }).getByRole('list').first().locator('b');
  await expect(lines).toHaveText(story.toReversed(), soon);
}

/** The message of a toast; it is said twice, once for those who see and once for those who hear. */
export function toast(page: Page, text: string) {
  return page.getByRole('region', { name: 'Notices' }).locator('ruh-toast > p').filter({ hasText: text });
}

/** Opens Personal Information from the Actions menu. */
export async function personalInformation(page: Page) {
  await page.getByRole('button', { name: 'Actions' }).click();
  await page.getByRole('link', { name: 'Personal Information' }).click();
  const form = page.locator('#personal-information form');
  await expect(form.getByLabel('First name', { exact: true })).toBeVisible();
  return form;
}
