// Pictures of the builder and of intake flows: target/pictures/<page>-<width>-<light|dark>.png.
import { desk, expect, fits, type Page, phone, settled, targets, test } from './support/ruh.ts';
import { atHome } from './support/people.ts';
import { root } from './support/process.ts';

test.use({ environment: { RUH_UNDO_SECONDS: '600' } });

const wanted = process.env.RUH_PICTURES ?? '';
const problems: string[] = [];

async function look(page: Page, name: string, over: 'page' | 'over' = 'page') {
  if (!name.includes(wanted)) return;
  for (const size of [desk, phone]) {
    await page.setViewportSize(size);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await settled(page);
      const path = `${root}target/pictures/${name}-${size.width}-${colorScheme}.png`;
      await page.screenshot({ path, fullPage: over === 'page', animations: 'disabled', caret: 'hide' });
    }
    await targets(page).catch((error) => problems.push(`${name} at ${size.width}: ${error.message}`));
  }
  await fits(page).catch((error) => problems.push(`${name}: ${error.message}`));
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(desk);
}

/** Sends a form as a browser without script would; where it leads. */
async function post(page: Page, path: string, form: Record<string, string>): Promise<string> {
  const answer = await page.request.post(path, { form, maxRedirects: 0 });
  if (answer.status() !== 303) throw new Error(`${path}: ${answer.status()} ${await answer.text()}`);
  return answer.headers().location!;
}

const made = (page: Page, purpose: string, title: string, text = '') => post(page, '/forms', { purpose, title, text });

/** Adds an item; its id. */
async function item(page: Page, form: string, kind: string, text: string, more: Record<string, string> = {}): Promise<string> {
  const to = await post(page, `${form}/item`, { kind, text, ...more });
  return decodeURIComponent(to.split('#item-')[1]!);
}

const arabic = 'هل تتناول أدوية بانتظام؟ إذا كان الجواب نعم فاذكرها من فضلك مع الجرعات';

async function usual(page: Page): Promise<string> {
  const form = await made(page, 'form', 'Intake questionnaire', 'Thank you for coming. Your answers are seen by your care team alone; you can stop at any time and go on later.');
  await item(page, form, 'heading', 'About you');
  await item(page, form, 'short_text', 'What should we call you?', { required: 'true', help: 'The name you like to be called by.' });
  await item(page, form, 'date', 'When were you born?');
  await item(page, form, 'heading', 'Your health');
  const takes = await item(page, form, 'yes_no', 'Do you take any medication?', { required: 'true' });
  await item(page, form, 'long_text', 'Which ones, and how much of each?', { 'condition-0': takes, 'condition-0-test': 'is', 'condition-0-value': 'Yes' });
  const sleep = await item(page, form, 'single', 'How have you slept in the last two weeks?', {
    'choice-0': 'Well', 'choice-0-points': '0', 'choice-1': 'Some bad nights', 'choice-1-points': '1', 'choice-2': 'Hardly at all', 'choice-2-points': '3', 'choice-2-alert': 'true', own_words: 'true',
  });
  await item(page, form, 'scale', 'How much does it weigh on you?', { from: '0', to: '10', low: 'Not at all', high: 'More than I can bear', combine: 'any', 'condition-0': sleep, 'condition-0-test': 'is_not', 'condition-0-value': 'Well', 'condition-1': takes, 'condition-1-test': 'answered' });
  await item(page, form, 'signature', 'Please sign', { required: 'true' });
  return form;
}

async function crowded(page: Page): Promise<string> {
  const form = await made(page, 'form', 'A very long questionnaire whose title somebody typed in full, with all of its subtitles and the year of its making', '');
  for (let n = 0; n < 60; n++) {
    if (n % 12 === 0) await item(page, form, 'heading', n === 24 ? 'الصحة والعائلة' : `Part ${n / 12 + 1}`);
    else if (n % 7 === 0) await item(page, form, 'yes_no', arabic);
    else if (n % 5 === 0) await item(page, form, 'multiple', `Question ${n}: Wolfgang-Maximilianvon-Hohenstein-Wolfeschlegelsteinhausenbergerdorffwelchealtern, and much more of it than anybody could wish to read on one line of a telephone, yet here it stands and has to fit`, { 'choice-0': 'One', 'choice-1': 'Two', 'choice-2': 'Three', 'choice-3': 'Four', 'choice-4': 'Five', 'choice-5': 'Six', 'choice-6': 'Seven', 'choice-7': 'عربي' });
    else await item(page, form, 'short_text', `Question ${n}?`);
  }
  return form;
}

async function dialogs(page: Page, form: string) {
  await page.goto(form);
  await page.getByRole('button', { name: 'Add question' }).click();
  await expect(page.getByRole('dialog', { name: 'Add to the form' })).toBeVisible();
  await look(page, 'form-add-kinds', 'over');
  await page.getByRole('dialog').getByRole('link', { name: 'Single choice' }).click();
  await expect(page.getByRole('dialog').getByLabel('Question', { exact: true })).toBeFocused();
  await look(page, 'form-add-choice', 'over');
  await page.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click();
  await expect(page.locator('[data-error-summary]')).toBeVisible();
  await look(page, 'form-add-errors', 'over');
  await page.goto(form);
  await page.getByRole('button', { name: 'Edit: How much does it weigh on you?' }).click();
  await expect(page.getByRole('dialog').getByLabel('From')).toHaveValue('0');
  await look(page, 'form-edit-scale', 'over');
  await page.goto(form);
  await page.goto((await page.getByRole('button', { name: 'Edit: How much does it weigh on you?' }).getAttribute('href'))!);
  await look(page, 'form-edit-rule');
  await page.goto(form);
  await page.goto((await page.getByRole('button', { name: 'Edit: How have you slept' }).getAttribute('href'))!);
  await look(page, 'form-edit-answers');
  await page.goto(form);
  await page.getByRole('button', { name: 'More: Do you take any medication?' }).click();
  await look(page, 'form-item-menu', 'over');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Actions' }).click();
  await look(page, 'form-actions', 'over');
}

async function lists(page: Page): Promise<string[]> {
  await page.goto('/forms');
  await look(page, 'forms-empty');
  await page.getByRole('main').getByRole('button', { name: 'New form' }).first().click();
  await expect(page.getByRole('dialog', { name: 'New form' })).toBeVisible();
  await look(page, 'form-new', 'over');
  await page.getByRole('dialog').getByRole('link', { name: 'Policy' }).click();
  await expect(page.getByRole('dialog').getByLabel('Title')).toBeFocused();
  await look(page, 'form-new-policy', 'over');
  for (const each of ['library', 'import']) {
    await page.goto(`/forms/${each}`);
    await look(page, `form-${each}`);
  }
  await page.goto('/forms?archived=true');
  await look(page, 'forms-archived-empty');
  const bare = await made(page, 'form', 'Empty');
  await page.goto(bare);
  await look(page, 'form-empty');
  const policy = await made(page, 'policy', 'Cancellation policy', 'Please tell us 24 hours ahead when you cannot come.\n\nOtherwise the session is charged.');
  const welcome = await made(page, 'welcome', 'Welcome', 'We are glad that you are here.');
  await page.goto(policy);
  await look(page, 'form-policy');
  const form = await usual(page);
  await page.goto(form);
  await look(page, 'form');
  for (const each of [policy, welcome, form]) await post(page, `${each}/publish`, {});
  await page.goto(form);
  await look(page, 'form-published');
  await item(page, form, 'number', 'How many siblings do you have?');
  await page.goto(form);
  await look(page, 'form-changed');
  await page.goto(`${form}/versions`);
  await look(page, 'form-versions');
  await page.goto(`${form}/preview`);
  await look(page, 'form-preview');
  await page.getByRole('main').getByRole('button', { name: 'Save and continue' }).last().click();
  await page.getByText('Yes', { exact: true }).click();
  await look(page, 'form-preview-second');
  return [form, policy, welcome];
}

async function flows(page: Page, forms: string[]) {
  await page.goto('/flows');
  await look(page, 'flows-empty');
  await page.goto('/flows/new');
  await look(page, 'flow-new');
  await page.getByRole('main').getByRole('button', { name: 'Add intake flow' }).click();
  await expect(page.locator('[data-error-summary]')).toBeVisible();
  await look(page, 'flow-errors');
  await page.getByLabel('Name', { exact: true }).fill('New clients');
  for (const _ of forms) {
    const rows = await page.locator('[data-item]').count();
    await page.getByLabel('Next step').selectOption({ index: 1 });
    await page.getByRole('button', { name: 'Add step' }).click();
    await expect(page.locator('[data-item]')).toHaveCount(rows + 1);
  }
  await look(page, 'flow-steps');
  await page.getByRole('button', { name: 'Add intake flow' }).click();
  await page.waitForURL('/flows');
  await page.goto('/settings/groups');
  await page.getByRole('button', { name: 'Edit: New clients' }).click();
  await page.getByRole('dialog').getByLabel('Intake flow').selectOption('New clients');
  await look(page, 'group-flow', 'over');
  await page.getByRole('dialog').getByRole('button', { name: 'Save changes' }).click();
  await expect(page.getByText('intake: New clients')).toBeVisible();
  await page.goto('/flows');
  await look(page, 'flows');
  await page.getByRole('link', { name: 'New clients' }).click();
  await page.getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await look(page, 'flow-delete', 'over');
}

test('forms and flows', async ({ ruh, page }) => {
  test.setTimeout(600_000);
  await atHome(ruh, page);
  const forms = await lists(page);
  await dialogs(page, forms[0]!);
  await flows(page, forms);
  await page.goto(await crowded(page));
  await look(page, 'form-crowded');
  await page.goto('/forms');
  await look(page, 'forms');
  expect(problems.join('\n\n')).toBe('');
});
