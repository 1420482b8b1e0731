// Bad input, and two people saving at once: the message stands beside the field, and nothing typed is lost.
import type { Locator } from '@playwright/test';
import { expect, test } from './support/ruh.ts';
import { addClient, ana, atHome, look, openAddClient, personalInformation, quick, toast } from './support/people.ts';

test.use(quick);

/** Puts a text into a field that a browser would not let a person type there: a program, a paste, an older browser may. */
async function force(field: Locator, text: string) {
  await field.evaluate((input: HTMLInputElement, value) => {
    input.removeAttribute('maxlength');
    if (input.type === 'date' || input.type === 'email') input.type = 'text';
    if (input instanceof HTMLInputElement && /[\r\n]/.test(value)) {
      const area = document.createElement('textarea');
      for (const { name, value: kept } of input.attributes) area.setAttribute(name, kept);
      input.replaceWith(area);
      area.value = value;
    } else {
      input.value = value;
    }
  }, text);
}

const long = 'x'.repeat(10_000);
const hidden = /line break or a hidden control character/;
const bad: [label: string, text: string, message: RegExp, stays?: string][] = [
  ['First name', '', /Please fill this in/],
  ['First name', '   ', /Please fill this in/],
  ['First name', long, /keep this shorter/],
  ['First name', 'Ana\u0007', hidden],
  ['First name', 'Ana\u202egnp.exe', hidden],
  ['First name', 'Ana\r\nBcc: everybody@mail.example', hidden, 'AnaBcc: everybody@mail.example'],
  ['Last name', '\u00a0\u2003', /Please fill this in/],
  ['Last name', 'López\u2028X', hidden],
  ['Email', 'ana', /not an email address/],
  ['Email', 'ana@', /after the @ is not complete|not an email address/],
  ['Email', 'ana@mail', /after the @ is not complete/],
  ['Email', '😀@mail.example', /plain letters/],
  ['Email', 'ana@mail.example\r\nBcc: x@mail.example', /not an email address/, 'ana@mail.exampleBcc: x@mail.example'],
  ['Email', `${long}@mail.example`, /shorter|not an email address/],
  ['Email', 'ana@mail.example, bea@mail.example', /not an email address/],
  ['Phone', '12', /not a phone number/],
  ['Phone', 'call me 😀', /not a phone number/],
  ['Phone', long, /not a phone number/],
  ['Preferred name', long, /keep this shorter/],
  ['Legal name', 'A\u0000B', hidden, 'A\ufffdB'],
  ['Pronouns', long, /keep this shorter/],
  ['Gender', '\u2067x', hidden],
  ['Date of birth', '1990-02-31', /not a date in the calendar/],
  ['Date of birth', '31/05/1990', /not a date in the calendar/],
  ['Date of birth', '😀', /not a date in the calendar/],
  ['Date of birth', '2990-01-01', /birth date lies in the past/],
  ['Date of birth', '1790-01-01', /birth date lies in the past/],
  ['Record number', long, /keep this shorter/],
  ['Note', long, /keep this shorter/],
];

test('bad input: a message beside the field, everything typed still there, nothing half-saved', async ({ ruh, page }) => {
  test.setTimeout(60_000);
  await atHome(ruh, page);
  const dialog = await openAddClient(page);
  await dialog.getByText('More', { exact: true }).click();
  const field = (label: string) => dialog.getByLabel(label, { exact: true });
  const good: Record<string, string> = {
    'First name': 'Ana', 'Last name': 'López', Email: ana.email, Phone: '+44 20 7946 0018', 'Preferred name': 'Annie',
    'Legal name': 'Ana María López', Pronouns: 'she/her', Gender: 'woman', 'Date of birth': '1990-05-31', 'Record number': 'A-7', Note: 'Two lines\nof note',
  };
  for (const [label, text] of Object.entries(good)) await field(label).fill(text);
  /** Everything that stands in the form, by label. */
  const shown = () => dialog.locator('form').evaluate((form: HTMLFormElement, labels) => {
    const inputs = [...form.elements].filter((one) => one instanceof HTMLInputElement || one instanceof HTMLTextAreaElement);
    return Object.fromEntries(labels.map((label) => [label, inputs.find((one) => one.labels?.[0]?.textContent === label)?.value]));
  }, Object.keys(good));
  await field('Group').selectOption({ label: 'Minors' });
  await dialog.getByLabel('Send invitation email').uncheck();

  for (const [number, [label, text, message, stays = text]] of bad.entries()) {
    const about = `${label}: ${JSON.stringify(text.slice(0, 40))}`;
    await force(field(label), text);
    // The answer to the case before may look the same: this one is waited for.
    const fragment = dialog.locator('[data-fragment]');
    await fragment.evaluate((element) => element.setAttribute('data-before', ''));
    const answered = page.waitForResponse((answer) => answer.url().endsWith('/clients') && answer.request().method() === 'POST');
    await dialog.getByRole('button', { name: 'Add Client' }).click();
    expect((await answered).status(), about).toBe(422);
    await expect(fragment).not.toHaveAttribute('data-before');
    await expect(field(label), about).toHaveAttribute('aria-invalid', 'true');
    await expect(field(label), about).toHaveAccessibleDescription(message);
    const summary = dialog.getByRole('alert');
    await expect(summary.getByRole('link')).toHaveCount(1);
    await summary.getByRole('link').click();
    await expect(field(label), about).toBeFocused();
    expect(await shown(), `what stands in the form after ${about}`).toEqual({ ...good, [label]: stays });
    await expect(field('Group').locator('option:checked')).toHaveText('Minors');
    await expect(dialog.getByLabel('Send invitation email')).not.toBeChecked();
    if (number === 0) await look(page);
    await force(field(label), good[label]);
  }

  const nobody = await page.context().newPage();
  await nobody.goto('/clients');
  await expect(nobody.getByRole('heading', { name: 'Add your first client' })).toBeVisible();
  await nobody.close();

  await test.step('several at once', async () => {
    for (const label of ['First name', 'Email', 'Phone', 'Date of birth']) await force(field(label), 'ü');
    await force(field('First name'), ' ');
    await dialog.getByRole('button', { name: 'Add Client' }).click();
    await expect(dialog.getByRole('alert')).toBeFocused();
    await expect(dialog.getByRole('alert').getByRole('link')).toHaveCount(4);
    await look(page);
    for (const [label, text] of Object.entries(good)) await force(field(label), text);
  });

  await test.step('what is unusual and right is kept to the letter', async () => {
    const strange = {
      'First name': 'عبد الرحمن', 'Last name': 'O’Neil 😀 <b>', Email: 'Ana+therapy@Mail.example', Phone: '+92 300 1234567', 'Legal name': '=1+1',
    };
    for (const [label, text] of Object.entries(strange)) await field(label).fill(text);
    await dialog.getByRole('button', { name: 'Add Client' }).click();
    await expect(page).toHaveURL(/\/clients\/[0-9a-f-]{36}$/);
    await expect(page.getByRole('main')).toContainText('Ana+therapy@mail.example');
    await expect(page.getByRole('main')).toContainText('+92 300 1234567');
    await expect(page.getByRole('main')).toContainText('O’Neil 😀 <b>');
    await look(page);
    await page.goto('/clients');
    await expect(page.getByText('1 client')).toBeVisible();
    await look(page);
    expect(await ruh.mail.mails()).toEqual([]);
  });
});

test('a date that is half typed is not dropped in silence', async ({ ruh, page }) => {
  await atHome(ruh, page);
  const dialog = await openAddClient(page);
  await dialog.getByLabel('First name', { exact: true }).fill('Ana');
  await dialog.getByLabel('Last name', { exact: true }).fill('López');
  await dialog.getByText('More', { exact: true }).click();
  // The browser's own control takes the 31st of February, and would send nothing at all for it.
  const date = dialog.getByLabel('Date of birth');
  await date.focus();
  await page.keyboard.type('02311990');
  await dialog.getByRole('button', { name: 'Add Client' }).click();
  await expect(date).toBeFocused();
  await expect(dialog.getByLabel('First name', { exact: true })).toHaveValue('Ana');
  await date.fill('1990-02-28');
  await dialog.getByRole('button', { name: 'Add Client' }).click();
  await expect(page.getByRole('main')).toContainText('28 Feb 1990');
});

test('one’s own email in a client’s form is questioned first', async ({ ruh, page }) => {
  await atHome(ruh, page);
  const dialog = await openAddClient(page);
  await dialog.getByLabel('First name', { exact: true }).fill('Ana');
  await dialog.getByLabel('Last name', { exact: true }).fill('López');
  await dialog.getByLabel('Email', { exact: true }).fill('SAM@riverside.example');
  await dialog.getByRole('button', { name: 'Add Client' }).click();
  await expect(dialog.getByRole('heading', { name: 'Is this really the client\'s email?' })).toBeVisible();
  await look(page);
  await dialog.getByLabel('Email', { exact: true }).fill(ana.email);
  await dialog.getByRole('button', { name: 'Add Client' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Ana López');
});

test('r40: a stale save shows both versions and loses neither', async ({ ruh, page, context }) => {
  await atHome(ruh, page);
  const address = await addClient(page, ana, false);
  const other = await context.newPage();
  await other.goto(address);
  const theirs = await personalInformation(other);
  await page.bringToFront();
  const mine = await personalInformation(page);
  await other.bringToFront();
  await theirs.getByLabel('Phone').fill('212 555 0142');
  await theirs.getByLabel('Preferred name').fill('Annie');
  await theirs.getByRole('button', { name: 'Save changes' }).click();
  await expect(toast(other, 'Saved.')).toBeVisible();
  await expect(other.getByRole('heading', { level: 1 })).toHaveText('Annie López');

  // A tab in the background is drawn once a second only.
  await page.bringToFront();
  await mine.getByLabel('Phone').fill('212 555 0199');
  await mine.getByLabel('Legal name').fill('Ana María López');
  await mine.getByRole('button', { name: 'Save changes' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'Somebody else saved this record' })).toBeVisible();
  await expect(mine.getByLabel('Phone')).toHaveValue('212 555 0199');
  await expect(mine.getByLabel('Phone')).toHaveAccessibleDescription(/Now saved: \+1 212-555-0142/);
  await expect(mine.getByLabel('Preferred name')).toHaveAccessibleDescription(/Now saved: Annie/);
  await expect(mine.getByLabel('Legal name')).toHaveValue('Ana María López');
  // Not with the tabs half under the bar.
  await page.evaluate(() => scrollTo(0, 0));
  await look(page);
  await mine.getByLabel('Preferred name').fill('Annie');
  await mine.getByRole('button', { name: 'Save changes' }).click();
  await expect(toast(page, 'Saved.')).toBeVisible();
  for (const text of ['+1 212-555-0199', 'Ana María López']) await expect(page.locator('#overview')).toContainText(text);
});

test('sections are saved one by one, and lose nothing of each other', async ({ ruh, page, context, guard }) => {
  guard.allow(/422/);
  await atHome(ruh, page);
  const address = await addClient(page, ana, false);
  const other = await context.newPage();
  await other.goto(`${address}?edit=client-info`);
  const personal = await personalInformation(page);
  const menu = async (name: string) => {
    await page.getByRole('button', { name: 'Actions' }).click();
    await page.locator('#actions-menu').getByRole('link', { name, exact: true }).click();
  };
  await menu('Client info');
  const info = page.locator('#client-info form');
  await expect(page.locator('#client-info > summary')).toBeFocused();
  await info.getByLabel('Note').fill('Half a sentence that is not');
  await personal.getByLabel('Phone').fill('212 555 01');
  await personal.getByRole('button', { name: 'Save changes' }).click();
  await expect(personal.getByLabel('Phone')).toHaveAttribute('aria-invalid', 'true');
  await expect(info.getByLabel('Note')).toHaveValue('Half a sentence that is not');
  await look(page);
  await personal.getByLabel('Phone').fill('212 555 0142');
  await personal.getByRole('button', { name: 'Save changes' }).click();
  await expect(toast(page, 'Saved.')).toBeVisible();
  await expect(page.locator('#personal-information')).not.toHaveAttribute('open');
  await expect(page.locator('#personal-information > summary')).toBeFocused();
  await expect(page.locator('#overview')).toContainText('+1 212-555-0142');
  await expect(info.getByLabel('Note')).toHaveValue('Half a sentence that is not');

  // The others open beside it, with what they show.
  for (const [name, id, said] of [
    ['Portal and notifications', 'portal', 'Send invitation'],
    ['Family and contacts', 'family', 'Nobody yet'],
    ['Archive', 'archive', 'They leave the list of clients'],
    ['Merge', 'merge', 'For two records of one person'],
    ['Export this record', 'export', 'Show to print'],
  ]) {
    await menu(name);
    await expect(page.locator(`#${id}`)).toContainText(said);
  }
  await look(page);
  await expect(info.getByLabel('Note')).toHaveValue('Half a sentence that is not');
  // Somebody else saved another section, and this one can still be saved; the same one could not.
  await info.getByLabel('Note').fill('Half a sentence that is now whole');
  await info.getByRole('button', { name: 'Save changes' }).click();
  await expect(page.locator('#overview')).toContainText('now whole');
  await other.bringToFront();
  const late = other.locator('#client-info form');
  await late.getByLabel('Pronouns').fill('she/her');
  await late.getByRole('button', { name: 'Save changes' }).click();
  await expect(other.getByRole('alert').filter({ hasText: 'Somebody else saved this record' })).toBeVisible();
  await expect(late.getByLabel('Note')).toHaveAccessibleDescription(/Now saved: Half a sentence that is now whole/);
  await expect(late.getByLabel('Pronouns')).toHaveValue('she/her');

  // From another side of the record the menu leads back to it, the section open.
  await page.bringToFront();
  await page.goto(`${address}/timeline`);
  await menu('Archive');
  await expect(page).toHaveURL(new RegExp(`${address}\\?edit=archive#archive$`));
  await expect(page.locator('#archive')).toContainText('They leave the list of clients');
});
