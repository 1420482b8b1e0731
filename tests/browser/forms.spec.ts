// D2, D3: a provider builds a form with a condition, looks at it as a client would, publishes it, puts it into the flow of a
// group, and changes it after it was answered.
import { expect, linkIn, type Page, test } from './support/ruh.ts';
import { ana, atHome, look, openAddClient, toast } from './support/people.ts';

test.use({ environment: { RUH_UNDO_SECONDS: '5' } });

/** Adds an item in its dialog. */
async function add(page: Page, kind: string, text: string, more: (dialog: ReturnType<Page['getByRole']>) => Promise<void> = async () => {}) {
  await page.getByRole('main').getByRole('button', { name: 'Add question' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('link', { name: new RegExp(`^${kind}`) }).click();
  const field = dialog.getByLabel(kind === 'Heading' ? 'Heading' : 'Question', { exact: true });
  await expect(field).toBeFocused();
  await field.fill(text);
  await more(dialog);
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(page.locator('.item-text', { hasText: text })).toBeVisible();
}

const order = (page: Page) => page.locator('.item-card .item-text').allInnerTexts();

async function build(page: Page) {
  await page.goto('/forms');
  await look(page);
  await page.getByRole('main').getByRole('button', { name: 'New form' }).first().click();
  await look(page);
  await page.getByRole('dialog').getByRole('link', { name: 'Form', exact: false }).first().click();
  await page.getByRole('dialog').getByLabel('Title').fill('Health');
  await page.getByRole('dialog').getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Health');
  await look(page);
  await add(page, 'Yes or no', 'Do you take medication?');
  await add(page, 'Long text', 'Which ones?', async (dialog) => {
    await dialog.getByRole('button', { name: 'Add condition' }).click();
    await expect(dialog.getByLabel('Question of condition 1')).toBeFocused();
    await dialog.getByLabel('Question of condition 1').selectOption('Do you take medication?');
    await dialog.getByLabel('Answer of condition 1').selectOption('Yes');
    await look(page);
  });
  await expect(page.getByText('Shown if “Do you take medication?” is Yes')).toBeVisible();
  await add(page, 'Single choice', 'How do you sleep?', async (dialog) => {
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await expect(dialog.locator('[data-error-summary]')).toBeFocused();
    await expect(dialog.getByLabel('Question', { exact: true })).toHaveValue('How do you sleep?');
    await look(page);
    await dialog.getByLabel('Answer 1', { exact: true }).fill('Well');
    await dialog.getByLabel('Answer 2', { exact: true }).fill('Badly');
    await dialog.getByLabel('Points of answer 2').fill('3');
    // Enter begins the next answer, as in a list.
    await dialog.getByLabel('Answer 2', { exact: true }).press('Enter');
    await expect(dialog.getByLabel('Answer 3', { exact: true })).toBeFocused();
    await page.keyboard.type('It depends');
    await dialog.getByLabel('Alert for answer 2').check();
  });
  await expect(page.getByText('Alert: “Badly”')).toBeVisible();
  await look(page);
}

/** A form leaves as a file and comes back; another comes from the library. */
async function fromElsewhere(page: Page, form: string) {
  await page.getByRole('button', { name: 'Actions' }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Export file' }).click();
  const file = await (await download).path();
  await page.goto('/forms');
  await page.getByRole('main').getByRole('button', { name: 'New form' }).first().click();
  await page.getByRole('dialog').getByRole('link', { name: 'Import file' }).click();
  await page.getByRole('dialog').getByLabel('File', { exact: true }).setInputFiles(file);
  await expect(page.getByRole('dialog').getByLabel('What is in the file')).toHaveValue(/Questionnaire/);
  await look(page);
  await page.getByRole('dialog').getByRole('button', { name: 'Import' }).click();
  await expect(page.getByText('Shown if “Do you take medication?” is Yes')).toBeVisible();
  expect(page.url()).not.toContain(form);
  await page.goto('/forms/library');
  await look(page);
  await page.getByRole('button', { name: 'Add: Telehealth consent' }).click();
  await expect(toast(page, 'Added, and published')).toBeVisible();
}

async function move(page: Page) {
  const [takes, which, sleep] = ['Do you take medication?', 'Which ones?', 'How do you sleep?'];
  expect(await order(page)).toEqual([takes, which, sleep]);
  // By keyboard: the focus stays with what was moved, and it is said where it is.
  await page.getByRole('button', { name: `Move up: ${sleep}` }).press('Enter');
  await expect.poll(() => order(page)).toEqual([takes, sleep, which]);
  await expect(page.getByRole('button', { name: `Move up: ${sleep}` })).toBeFocused();
  await expect(page.locator('#say')).toHaveText(`${sleep} is now 2 of 3.`);
  await page.getByRole('button', { name: `Move up: ${sleep}` }).press('Enter');
  await expect.poll(() => order(page)).toEqual([sleep, takes, which]);
  // On top there is no way up: the other one has the focus.
  await expect(page.getByRole('button', { name: `Move down: ${sleep}` })).toBeFocused();
  // A rule looks back, and the words name it.
  await page.getByRole('button', { name: `Move down: ${takes}` }).click();
  await expect(page.locator('ruh-toast > p').filter({ hasText: `“${which}” is shown by the answer to “${takes}”` })).toBeVisible();
  // By pointer.
  const handle = (await page.locator('.item-card', { hasText: sleep }).locator('[data-handle]').boundingBox())!;
  const last = (await page.locator('.item-card').last().boundingBox())!;
  await page.mouse.move(handle.x + 10, handle.y + 20);
  await page.mouse.down();
  await page.mouse.move(handle.x + 10, last.y + last.height - 5, { steps: 8 });
  await page.mouse.up();
  await expect.poll(() => order(page)).toEqual([takes, which, sleep]);
  await page.reload();
  expect(await order(page)).toEqual([takes, which, sleep]);
  // What may not go there goes back.
  const first = (await page.locator('.item-card').first().locator('[data-handle]').boundingBox())!;
  const end = (await page.locator('.item-card').last().boundingBox())!;
  await page.mouse.move(first.x + 10, first.y + 20);
  await page.mouse.down();
  await page.mouse.move(first.x + 10, end.y + end.height - 5, { steps: 8 });
  await page.mouse.up();
  await expect.poll(() => order(page)).toEqual([takes, which, sleep]);
}

async function takeOut(page: Page) {
  await page.getByRole('button', { name: 'More: How do you sleep?' }).click();
  await look(page);
  await page.getByRole('button', { name: 'Duplicate', exact: true }).click();
  await expect(page.locator('.item-card')).toHaveCount(4);
  await page.getByRole('button', { name: 'More: How do you sleep?' }).last().click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(toast(page, 'Deleted.')).toBeVisible();
  await expect(page.locator('.item-card')).toHaveCount(3);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(toast(page, 'Put back.')).toBeVisible();
  await expect(page.locator('.item-card')).toHaveCount(4);
  await page.getByRole('button', { name: 'More: How do you sleep?' }).last().click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.locator('.item-card')).toHaveCount(3);
}

async function preview(page: Page) {
  await page.getByRole('link', { name: 'Preview' }).click();
  await expect(page.getByRole('group', { name: 'Do you take medication?' })).toBeVisible();
  await expect(page.getByLabel('Which ones?')).toBeHidden();
  await look(page);
  await page.getByText('Yes', { exact: true }).click();
  await expect(page.getByLabel('Which ones?')).toBeVisible();
  await page.getByRole('button', { name: 'Save and continue' }).last().click();
  await expect(page.getByRole('heading', { name: 'That is all of it' })).toBeVisible();
  await look(page);
  await page.getByRole('link', { name: 'Back to the builder' }).click();
}

async function intoFlow(page: Page) {
  await page.goto('/flows');
  await look(page);
  await page.getByRole('main').getByRole('link', { name: 'New intake flow' }).first().click();
  await page.getByLabel('Name', { exact: true }).fill('First weeks');
  for (const [n, form] of ['Health (Form)', 'Good to see you (Welcome text)'].entries()) {
    await page.getByLabel('Next step').selectOption({ label: form });
    await page.getByRole('button', { name: 'Add step' }).click();
    await expect(page.locator('[data-item]')).toHaveCount(n + 1);
  }
  await look(page);
  await page.getByRole('button', { name: 'Move up: Good to see you' }).click();
  await expect.poll(() => order(page)).toEqual(['Good to see you', 'Health']);
  await expect(page.getByRole('button', { name: 'Move down: Good to see you' })).toBeFocused();
  await page.getByRole('checkbox', { name: /^Required.*Good to see you/ }).uncheck();
  await page.getByRole('button', { name: 'Add intake flow' }).click();
  await expect(toast(page, 'Intake flow added.')).toBeVisible();
  await look(page);
  await page.goto('/settings/groups');
  await page.getByRole('button', { name: 'Edit: New clients' }).click();
  await page.getByRole('dialog').getByLabel('Intake flow').selectOption('First weeks');
  await look(page);
  await page.getByRole('dialog').getByRole('button', { name: 'Save changes' }).click();
  await expect(page.getByText('intake: First weeks')).toBeVisible();
}

test('a form is built, looked at, published, put into a flow and changed after it was answered', async ({ ruh, page, visitor, guard }) => {
  test.setTimeout(180_000);
  guard.allow(/409|422/);
  await atHome(ruh, page);
  await test.step('built with a condition', () => build(page));
  await test.step('moved by keyboard and by pointer', () => move(page));
  await test.step('copied, taken out and put back', () => takeOut(page));
  await test.step('looked at as a client would', () => preview(page));
  const form = page.url().replace(/[?#].*/, '');
  await test.step('published', async () => {
    await page.getByRole('button', { name: 'Publish' }).click();
    await expect(toast(page, 'Published.')).toBeVisible();
    await look(page);
    await page.goto('/forms/new?purpose=welcome');
    await page.getByLabel('Title').fill('Good to see you');
    await page.getByRole('textbox', { name: 'Text' }).fill('We are glad that you are here.');
    await page.getByRole('button', { name: 'Continue' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Good to see you');
    await look(page);
    await page.getByRole('button', { name: 'Publish' }).click();
    await expect(toast(page, 'Published.')).toBeVisible();
  });
  await test.step('out as a file, and back; from the library', async () => {
    await page.goto(form);
    await fromElsewhere(page, form);
  });
  await test.step('given to a group', () => intoFlow(page));
  await test.step('answered by a client of the group', async () => {
    const dialog = await openAddClient(page);
    await dialog.getByLabel('First name', { exact: true }).fill(ana.first);
    await dialog.getByLabel('Last name', { exact: true }).fill(ana.last);
    await dialog.getByLabel('Email', { exact: true }).fill(ana.email);
    await dialog.getByLabel('Group').selectOption('New clients');
    await dialog.getByRole('button', { name: 'Add Client' }).click();
    const phone = await visitor({ phone: true });
    await phone.goto(linkIn(await ruh.mail.waitForMail(ana.email), /invitation/));
    await phone.getByRole('main').getByLabel('Password', { exact: true }).fill(ana.password);
    await phone.getByRole('button', { name: 'Create password' }).click();
    // The flow comes first.
    await expect(phone).toHaveURL(/\/portal\/forms$/);
    await phone.getByRole('link', { name: 'Health', exact: true }).click();
    await phone.getByText('Yes', { exact: true }).click();
    await expect(phone.getByLabel('Which ones?')).toBeVisible();
    await expect(phone.getByText(/^Saved/)).toBeVisible();
  });
  await test.step('changed since', async () => {
    await page.goto(form);
    await add(page, 'Number', 'How many a day?');
    await expect(page.getByText('Changed since it was published.')).toBeVisible();
    await expect(page.getByText('1 person keeps the version they answered.')).toBeVisible();
    await look(page);
    await page.getByRole('button', { name: 'Publish' }).click();
    await expect(toast(page, 'Published.')).toBeVisible();
    await page.getByRole('button', { name: 'Actions' }).click();
    await page.getByRole('link', { name: 'Versions' }).click();
    await expect(page.getByText('Version 2 · published now')).toBeVisible();
    await look(page);
    await page.getByRole('link', { name: 'Version 1' }).click();
    await expect(page.getByText('How many a day?')).toBeHidden();
  });
});

test('the builder without script', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  const state = await page.context().storageState();
  const plain = await visitor({ scripts: false });
  await plain.context().addCookies(state.cookies);
  await plain.goto('/forms/new?purpose=form');
  await plain.getByLabel('Title').fill('Health');
  await plain.getByRole('button', { name: 'Continue' }).click();
  for (const text of ['One?', 'Two?']) {
    await plain.getByRole('link', { name: 'Add question' }).click();
    await plain.getByRole('link', { name: /^Multiple choice/ }).click();
    await plain.getByLabel('Question', { exact: true }).fill(text);
    await plain.getByLabel('Answer 1', { exact: true }).fill('This');
    await plain.getByRole('button', { name: 'Add answer' }).click();
    await expect(plain.getByLabel('Answer 3', { exact: true })).toBeVisible();
    await plain.getByRole('button', { name: 'Remove answer 2' }).click();
    await plain.getByRole('button', { name: 'Add', exact: true }).click();
    await expect(plain.locator('.item-text', { hasText: text })).toBeVisible();
  }
  await plain.getByRole('button', { name: 'Move up: Two?' }).click();
  await expect.poll(() => order(plain)).toEqual(['Two?', 'One?']);
});
