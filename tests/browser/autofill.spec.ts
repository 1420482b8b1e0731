// A password manager and the forms about other people: a browser that has the member's own login saved for the site fills
// it in where one signs in, and nowhere else. That one's own email is questioned where it arrives all the same, is in
// input.spec.ts for Add Client, and here for Personal Information.
import { execFileSync } from 'node:child_process';
import { createCipheriv, pbkdf2Sync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Locator } from '@playwright/test';
import { expect, type Page, test } from './support/ruh.ts';
import { addClient, ana, atHome, look, openAddClient, owner, personalInformation, practice, quick, signIn, toast } from './support/people.ts';
import { root } from './support/process.ts';

test.use(quick);

/** Puts the owner's login into a profile's store, as Chromium on Linux keeps it where there is no keyring. */
function saveLogin(profile: string, site: string) {
  const cipher = createCipheriv('aes-128-cbc', pbkdf2Sync('peanuts', 'saltysalt', 1, 16, 'sha1'), Buffer.alloc(16, ' '));
  const password = Buffer.concat([Buffer.from('v10'), cipher.update(owner.password), cipher.final()]);
  const insert = `
import sqlite3, sys
store, site, email, password = sys.argv[1:]
with sqlite3.connect(store) as db:
    db.execute("""insert into logins (origin_url, action_url, username_element, username_value, password_element,
        password_value, signon_realm, date_created, blacklisted_by_user, scheme, times_used, skip_zero_click)
        values (?, ?, 'email', ?, 'password', ?, ?, 13400000000000000, 0, 0, 1, 0)""",
        (site + "/sign-in", site + "/sign-in", email, bytes.fromhex(password), site + "/"))
`;
  const store = join(profile, 'Default', 'Login Data');
  execFileSync('target/smtp-venv/bin/python', ['-c', insert, store, site, owner.email, password.toString('hex')], { cwd: root });
}

/** Puts a sign-in form beside the form looked at, and waits until the browser filled it: by then it has seen both. */
async function showsALogin(around: Locator) {
  await around.evaluate((element) => {
    const form = document.createElement('form');
    for (const [type, autocomplete] of [['email', 'username'], ['password', 'current-password']] as const) {
      const input = document.createElement('input');
      Object.assign(input, { type, name: type, autocomplete });
      input.dataset.bait = '';
      form.append(input);
    }
    element.append(form);
  });
  const bait = around.locator('[data-bait]');
  await expect(bait.nth(0)).toHaveValue(owner.email);
  await expect(bait.nth(1)).toHaveValue(owner.password);
}

/** What was filled into fields outside the bait, and what holds the member's own login. */
const filled = (page: Page) => page.evaluate((own) => {
  const fields = [...document.querySelectorAll<HTMLInputElement>('input, textarea, select')];
  const others = fields.filter((field) => !('bait' in field.dataset) && (field.matches(':autofill') || own.includes(field.value)));
  return others.map((field) => field.name);
}, [owner.email, owner.password]);

/** The fields of a form that somebody types into. */
const typed = (form: Locator) => form.locator(':is(input:is([type=text], [type=email], [type=tel], [type=date]), textarea):not([data-bait])').filter({ visible: true });

/** Goes through a form as somebody does who types nothing, with the manager looking on. */
async function walks(page: Page, form: Locator) {
  const before = await typed(form).evaluateAll((fields) => fields.map((field) => (field as HTMLInputElement).value));
  for (const field of await typed(form).all()) await field.click();
  await showsALogin(form.locator('..'));
  for (const field of await typed(form).all()) await field.click();
  expect(await filled(page), page.url()).toEqual([]);
  expect(await typed(form).evaluateAll((fields) => fields.map((field) => (field as HTMLInputElement).value))).toEqual(before);
}

test('a browser with a saved login fills the sign-in, and no form about somebody else', async ({ ruh, guard, launchOptions, viewport, locale }) => {
  test.setTimeout(90_000);
  practice(ruh);
  const profile = mkdtempSync(join(tmpdir(), 'ruh-profile-'));
  // An automated Chromium fills nothing in unless it is told that it is none.
  const open = () => chromium.launchPersistentContext(profile, {
    ...launchOptions, ignoreDefaultArgs: ['--enable-automation'], baseURL: ruh.url, viewport, locale,
  });
  try {
    const fresh = await open();
    await fresh.pages()[0]!.goto('/sign-in');
    await fresh.close();
    saveLogin(profile, ruh.url);

    const context = await open();
    await guard.watch(context);
    const page = context.pages()[0]!;
    await page.goto('/sign-in');
    const main = page.getByRole('main');
    await expect(main.locator('input:autofill')).toHaveCount(2);
    await main.click({ position: { x: 5, y: 5 } });
    await expect(main.getByLabel('Email', { exact: true })).toHaveValue(owner.email);
    await expect(main.getByLabel('Password', { exact: true })).toHaveValue(owner.password);
    await main.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect(page, 'what the browser filled in signs in').toHaveURL(/\/home$/);

    await test.step('Add Client as a page', async () => {
      await page.goto('/clients/new');
      const form = page.getByRole('main').locator('form');
      await form.getByText('More', { exact: true }).click();
      await walks(page, form);
    });

    await test.step('Add Client in its dialog, whose client is not the member', async () => {
      const dialog = await openAddClient(page);
      await dialog.getByText('More', { exact: true }).click();
      await walks(page, dialog.locator('form').first());
      await addClient(page, ana, false);
      await expect(page.getByRole('main')).toContainText(ana.email);
      await expect(page.getByRole('main')).not.toContainText(owner.email);
    });

    await test.step('Personal Information', async () => {
      await walks(page, await personalInformation(page));
    });

    await test.step('Invite member', async () => {
      await page.goto('/settings/members/new');
      await walks(page, page.getByRole('main').locator('form'));
      await page.goto('/settings/members');
      await page.getByRole('button', { name: 'Invite member' }).click();
      await walks(page, page.getByRole('dialog', { name: 'Invite member' }).locator('form').first());
    });
    await context.close();
  } finally {
    rmSync(profile, { recursive: true, force: true });
  }
});

/** The names of what a manager without manners would take for a login: it minds no hint, and looks at hidden fields too. */
const taken = (page: Page) => page.evaluate(() => {
  const fields = [...document.querySelectorAll<HTMLInputElement>('input:not([type=hidden], [type=checkbox], [type=radio], [type=search])')];
  const login = /user|login|e-?mail|passw|account/i;
  return fields.filter((field, at) => {
    const said = /username|email|password/.test(field.autocomplete) || field.type === 'email' || field.type === 'password';
    const called = [field.name, field.id, field.placeholder, field.className].some((text) => login.test(text));
    return said || called || fields[at + 1]?.type === 'password';
  }).map((field) => field.name);
});

test('nothing in a form about somebody else looks like a login', async ({ ruh, page }) => {
  practice(ruh);
  await page.goto('/sign-in');
  expect(await taken(page), 'where one signs in').toEqual(['email', 'password']);
  await signIn(page, owner, /\/home$/);
  const client = await addClient(page, ana, false);
  for (const address of ['/clients/new', `${client}?edit=1`, '/settings/members/new']) {
    await page.goto(address);
    expect(await taken(page), address).toEqual([]);
    const form = page.getByRole('main').locator('form').filter({ has: page.getByLabel('Email', { exact: true }) });
    expect(await typed(form).count(), address).toBeGreaterThan(2);
    for (const field of await typed(form).all()) {
      await expect(field).toHaveAttribute('autocomplete', 'off');
      await expect(field, '1Password').toHaveAttribute('data-1p-ignore');
      await expect(field, 'LastPass').toHaveAttribute('data-lpignore', 'true');
      await expect(field, 'Bitwarden').toHaveAttribute('data-bwignore');
      await expect(field, 'Dashlane').toHaveAttribute('data-form-type', 'other');
    }
    await expect(form.getByLabel('Email', { exact: true })).toHaveAttribute('inputmode', 'email');
  }
});

test('one’s own email in a client’s Personal Information is questioned first', async ({ ruh, page }) => {
  await atHome(ruh, page);
  await addClient(page, ana, false);
  const form = await personalInformation(page);
  await form.getByLabel('Phone').fill('212 555 0142');
  await form.getByLabel('Email', { exact: true }).fill('SAM@riverside.example');
  await form.getByRole('button', { name: 'Save changes' }).click();
  await expect(page.getByRole('heading', { name: 'Is this really the client\'s email?' })).toBeVisible();
  await expect(form.getByLabel('Phone'), 'nothing typed is lost').toHaveValue('212 555 0142');
  await look(page);
  await form.getByLabel('Email', { exact: true }).fill(ana.email);
  await form.getByRole('button', { name: 'Save changes' }).click();
  await expect(toast(page, 'Saved.')).toBeVisible();
  await expect(page.getByRole('main')).toContainText(ana.email);
  await expect(page.getByRole('main')).toContainText('+1 212-555-0142');
});

test('the help says how to switch it off, for seven managers', async ({ ruh, page }) => {
  await atHome(ruh, page);
  await page.goto('/clients/new');
  await page.getByRole('link', { name: 'Switch off auto-fill for this site' }).click();
  await expect(page).toHaveURL(/\/help\/autofill$/);
  const managers = ['LastPass', '1Password', 'Bitwarden', 'Chrome', 'Safari', 'Firefox', 'Edge'];
  await expect(page.getByRole('main').getByRole('heading', { level: 2 })).toHaveText(managers);
  await look(page);
});
