// D4: filling in. A parent on a phone, with interruptions and a dead network in the middle; a tablet handed over at the
// desk, which leaves nothing behind; and all of it without script.
import { expect, type Page, test } from './support/ruh.ts';
import { addClient, atHome, invitationLink, look, lookWithout, owner, quick, toast } from './support/people.ts';
import { aboutChild, FormsApi, minorsFlow } from './support/forms.ts';

test.use(quick);

const parent = { email: 'lars@mail.example', password: 'a kettle on the stove' };
const card = {
  name: 'Card.png',
  mimeType: 'image/png',
  buffer: Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'),
};
const state = (page: Page) => page.locator('[data-state]');
const go = (page: Page, name = 'Save and continue') => page.locator('.fill-actions').getByRole('button', { name }).click();
const heading = (page: Page) => page.getByRole('heading', { level: 1 });

/** A child with the Minors flow, and a parent who has just come in. */
async function parentIn(api: FormsApi, ruh: Parameters<typeof atHome>[0], phone: Page): Promise<string> {
  const { id } = await api.ask('POST', '/clients', { first_name: 'Nils', last_name: 'Bergström', date_of_birth: '2018-05-01' });
  await minorsFlow(api, id);
  const rights = ['details', 'forms', 'sign'];
  const contact = await api.ask('POST', `/clients/${id}/contacts`, { first_name: 'Lars', last_name: 'Bergström', relation: 'parent', email: parent.email, rights });
  await api.ask('POST', `/contacts/${contact.id}/portal`, {});
  await phone.goto(await invitationLink(ruh, parent.email));
  await phone.getByRole('main').getByLabel('Password', { exact: true }).fill(parent.password);
  await phone.getByRole('button', { name: 'Create password' }).click();
  return id;
}

test('a parent completes the Minors flow on a phone', async ({ ruh, page, visitor, guard }) => {
  test.setTimeout(120_000);
  guard.allow(/422|ERR_INTERNET_DISCONNECTED|401/);
  await atHome(ruh, page);
  const api = new FormsApi(ruh);
  const phone = await visitor({ phone: true });
  const id = await parentIn(api, ruh, phone);

  await test.step('the portal leads to what is to be done, in its order', async () => {
    await expect(phone).toHaveURL(/\/portal\/forms$/);
    await expect(phone.getByText('the rest of your portal opens')).toBeVisible();
    await look(phone);
    await phone.goto('/portal/documents');
    await expect(phone).toHaveURL(/\/portal\/forms$/);
    await phone.getByRole('link', { name: 'Read: Welcome to Riverside' }).click();
    await look(phone);
    await go(phone, 'Continue');
    await expect(heading(phone)).toHaveText(/Thank you/);
    await look(phone);
    await phone.getByRole('link', { name: 'Next: How we work together' }).click();
    await go(phone, 'Agree and continue');
    await expect(phone.getByRole('alert')).toContainText('Please answer this.');
    await look(phone);
    await phone.getByLabel('I have read this and agree to it').check();
    await go(phone, 'Agree and continue');
    await phone.getByRole('link', { name: `Next: ${aboutChild.title}` }).click();
  });

  await test.step('what an answer asks for comes at once, and each is saved as it is typed', async () => {
    await expect(phone.getByLabel('Which grade?')).toBeHidden();
    await phone.getByLabel('What does your child like to be called?').fill('Nisse');
    await expect(state(phone)).toContainText(/Saved \d/);
    await phone.getByRole('group', { name: 'Does your child go to school?' }).getByLabel('Yes').check();
    await phone.getByLabel('Which grade?').fill('second');
    await expect(phone.locator('#q-grade-error')).toContainText('not a number');
    await look(phone);
    await phone.getByLabel('Which grade?').fill('2');
    await expect(phone.locator('#q-grade-error')).toBeEmpty();
    await phone.getByLabel('Being outside').check();
    await phone.getByLabel('In your own words').fill('Trains');
    await expect(phone.getByLabel('Something else')).toBeChecked();
  });

  await test.step('interrupted: what was typed is there, where one left off', async () => {
    await expect(state(phone)).toContainText(/Saved \d/);
    await phone.waitForTimeout(900);
    await phone.goto('/portal/forms');
    await phone.getByRole('link', { name: `Go on: ${aboutChild.title}` }).click();
    await phone.goto(`${new URL(phone.url()).pathname}?page=1`);
    await expect(phone.getByLabel('What does your child like to be called?')).toHaveValue('Nisse');
    await expect(phone.getByLabel('In your own words')).toHaveValue('Trains');
    await expect(phone.getByLabel('Which grade?')).toHaveValue('2');
    await go(phone);
    await expect(phone.getByRole('heading', { name: 'Medicine' })).toBeVisible();
  });

  await test.step('a dead network: kept on the phone, sent once and in order', async () => {
    await phone.context().setOffline(true);
    await phone.getByRole('group', { name: 'Does your child take any medicine?' }).getByLabel('Yes').check();
    await phone.getByLabel('Which, and how much?').fill('Something for the nights');
    await expect(state(phone)).toContainText('Kept on this device, will be sent');
    await look(phone);
    // Going on waits for the network, and goes on by itself.
    await go(phone);
    await expect(phone.getByRole('heading', { name: 'Medicine' })).toBeVisible();
    // Two answers wait, and whoever finds the phone reads neither.
    const kept = await phone.evaluate(() => Object.entries(localStorage).filter(([key]) => key.startsWith('ruh-kept:')));
    expect(kept.length).toBe(2);
    const said = kept.map(([key, text]) => key + text + atob(text.replace(/=+(?!$)/g, '').slice(0, 400 - 400 % 4))).join(' ');
    for (const word of ['nights', 'Something', 'yes', 'fields']) expect(said).not.toContain(word);
    await phone.context().setOffline(false);
    await expect(phone.getByRole('heading', { name: 'How it is' })).toBeVisible();
    expect(await phone.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('ruh-kept:')))).toEqual([]);
    // The phone dies while there is no network: what was typed is still there.
    await phone.context().setOffline(true);
    await phone.getByLabel('What else should we know?').fill('He speaks late.');
    await expect(state(phone)).toContainText('Kept on this device');
    // What another parent left on this phone stays theirs, for a week.
    const others = (days: number) => phone.evaluate((ago) => {
      const name = `ruh-kept:${document.querySelector<HTMLElement>('ruh-filling')!.dataset.form}:${Date.now() - ago * 86_400_000}:theirs:called`;
      localStorage.setItem(name, 'c29tZWJvZHkgZWxzZSdz'.repeat(4));
      return name;
    }, days);
    const theirs = await others(6);
    await others(8);
    const at = phone.url();
    await phone.goto('about:blank');
    await phone.context().setOffline(false);
    await phone.goto(at);
    await expect(phone.getByLabel('What else should we know?')).toHaveValue('He speaks late.');
    await expect(state(phone)).toContainText(/Saved \d/);
    expect(await phone.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('ruh-kept:')))).toEqual([theirs]);
    await phone.getByRole('group', { name: 'How are the nights?' }).getByLabel('Restless now and then').check();
    await phone.getByRole('group', { name: 'How worried are you?' }).getByLabel('7').check({ force: true });
    await look(phone);
  });

  await test.step('the session ends: the dialog takes over, and then it is sent', async () => {
    const elsewhere = await visitor();
    await elsewhere.goto('/sign-in');
    await elsewhere.getByRole('main').getByLabel('Email', { exact: true }).fill(parent.email);
    await elsewhere.getByRole('main').getByLabel('Password', { exact: true }).fill(parent.password);
    await elsewhere.getByRole('main').getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect(elsewhere).toHaveURL(/\/portal\/forms$/);
    await elsewhere.goto('/portal/security');
    await elsewhere.getByRole('button', { name: 'End all others' }).click();
    await expect(toast(elsewhere, 'Ended.')).toBeVisible();
    const agos: number[] = [];
    phone.on('request', (request) => {
      if (request.url().endsWith('/answers')) agos.push(Number(new URLSearchParams(request.postData()!).get('ago')));
    });
    await phone.getByLabel('What else should we know?').fill('He speaks late. He likes numbers.');
    const door = phone.getByRole('dialog', { name: 'Please sign in again' });
    await expect(door).toBeVisible();
    await door.getByLabel('Password', { exact: true }).fill(parent.password);
    await door.getByRole('button', { name: 'Sign in' }).click();
    await expect(door).toBeHidden();
    await expect(state(phone)).toContainText(/Saved \d/);
    // Signing in took its time: the answer is no younger for it.
    await expect.poll(() => agos.length).toBe(2);
    expect(agos[1]).toBeGreaterThan(agos[0]);
    await elsewhere.close();
  });

  await test.step('a picture, a signature, and sent', async () => {
    await go(phone);
    await expect(phone.getByRole('heading', { name: 'Papers' })).toBeVisible();
    await phone.locator('#q-card').setInputFiles({ name: 'Card.png', mimeType: 'image/png', buffer: Buffer.from('MZ') });
    await expect(phone.locator('#q-card-error')).toContainText('We cannot take this kind of file');
    await phone.locator('#q-card').setInputFiles(card);
    await expect(phone.getByText('Card.png')).toBeVisible();
    await phone.getByRole('button', { name: /^Remove/ }).click();
    await expect(phone.locator('#q-card')).toBeVisible();
    await phone.locator('#q-card').setInputFiles(card);
    await expect(phone.getByText('Card.png')).toBeVisible();
    // Required and not there: it can be left for later.
    await go(phone);
    await expect(phone.getByRole('alert')).toContainText('Please answer this.');
    await look(phone);
    await go(phone, 'Leave it for later');
    await expect(heading(phone)).toHaveText('Check your answers');
    await expect(phone.getByText('Not answered yet')).toBeVisible();
    await look(phone);
    await go(phone, 'Send');
    await expect(phone.getByRole('alert')).toContainText('Please sign for your child');
    await phone.getByRole('link', { name: 'Answer: Please sign for your child' }).click();
    await phone.getByLabel('Your full name').fill('Lars Bergström');
    const pad = (await phone.locator('.sign-pad').boundingBox())!;
    await phone.mouse.move(pad.x + 30, pad.y + 40);
    await phone.mouse.down();
    await phone.mouse.move(pad.x + 120, pad.y + 90, { steps: 6 });
    await phone.mouse.move(pad.x + 200, pad.y + 30, { steps: 6 });
    await phone.mouse.up();
    await expect(phone.getByRole('button', { name: 'Clear', exact: true })).toBeVisible();
    await look(phone);
    await go(phone);
    await expect(heading(phone)).toHaveText('Check your answers');
    for (const text of ['Nisse', 'Being outside, Trains', 'Something for the nights', 'Restless now and then', 'He likes numbers.', 'Card.png', 'Lars Bergström']) {
      await expect(phone.getByRole('main')).toContainText(text);
    }
    await go(phone, 'Send');
    await expect(heading(phone)).toHaveText(/Thank you/);
    await phone.getByRole('link', { name: 'See a copy' }).click();
    await expect(phone.locator('.signature-drawn path')).toHaveAttribute('d', /^M\d+ \d+L/);
    await expect(phone.getByText('Version 1 of this form')).toBeVisible();
    await look(phone);
    await phone.goto('/portal');
    await expect(phone).toHaveURL(/\/portal$/);
    await look(phone);
  });
  const { items } = await api.ask('GET', `/clients/${id}/forms`);
  expect(items.map((item: { state: string }) => item.state)).toEqual(['done', 'done', 'done']);
  const done = await api.ask('GET', `/client-forms/${items[2].id}`);
  expect(JSON.stringify(done).match(/Something for the nights/g)!.length, 'never doubled').toBeLessThanOrEqual(2);
});

test('two devices at once: neither erases the other', async ({ ruh, page, visitor, guard }) => {
  guard.allow(/ERR_FAILED|409|413/);
  test.setTimeout(60_000);
  await atHome(ruh, page);
  const api = new FormsApi(ruh);
  const phone = await visitor({ phone: true });
  await parentIn(api, ruh, phone);
  await go2(phone);
  const tablet = await phone.context().newPage();
  await tablet.goto(phone.url());
  // The phone is typed on first, without a connection; the tablet later, with one.
  await phone.route('**/answers', (route) => route.abort());
  await phone.getByLabel('What does your child like to be called?').fill('Nils');
  await expect(state(phone)).toContainText('Kept on this device');
  await tablet.waitForTimeout(50);
  await tablet.getByLabel('What does your child like to be called?').fill('Nisse');
  await expect(state(tablet)).toContainText(/Saved \d/);
  await tablet.close();
  await phone.unroute('**/answers');
  await expect(phone.getByLabel('What does your child like to be called?')).toHaveValue('Nisse', { timeout: 15_000 });
  await expect(phone.getByText('answered on another device')).toBeVisible();
  await look(phone);

  await test.step('refused: it is said, it stays on the phone, and nothing passes for saved', async () => {
    const kept = () => phone.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('ruh-kept:')).length);
    let refusal = 409;
    const asked: number[] = [];
    await phone.route('**/answers', async (route) => {
      const questions = new URLSearchParams(route.request().postData()!).getAll('question').length;
      if (refusal === 413) asked.push(questions);
      if (refusal === 413 && questions === 1) await route.continue();
      else await route.fulfill({ status: refusal, body: '{}' });
    });
    await phone.getByLabel('What does your child like to be called?').fill('Nisse the second');
    await expect(state(phone)).toHaveText(/^This form is not open any more/);
    expect(await kept()).toBe(1);
    await phone.getByRole('group', { name: 'Does your child go to school?' }).getByLabel('No', { exact: true }).check();
    await expect.poll(kept).toBe(2);
    await go(phone);
    await go(phone);
    await expect(phone.getByRole('heading', { name: 'Your child', exact: true })).toBeVisible();
    // Opened again, by a server that takes one at a time.
    refusal = 413;
    await go(phone);
    await expect(phone.getByRole('heading', { name: 'How it is' })).toBeVisible();
    expect(asked).toEqual([2, 1, 1]);
    expect(await kept()).toBe(0);
    await go(phone, 'Back');
    await expect(phone.getByLabel('What does your child like to be called?')).toHaveValue('Nisse the second');
  });
});

/** Past the welcome and the rules, to the form itself. */
async function go2(phone: Page) {
  await phone.getByRole('link', { name: 'Read: Welcome to Riverside' }).click();
  await go(phone, 'Continue');
  await phone.getByRole('link', { name: /^Next/ }).click();
  await phone.getByLabel('I have read this and agree to it').check();
  await go(phone, 'Agree and continue');
  await phone.getByRole('link', { name: /^Next/ }).click();
  await expect(phone.getByRole('heading', { name: 'Your child', exact: true })).toBeVisible();
}

test('a tablet handed over at the desk leaves nothing behind', async ({ ruh, page, visitor, guard }) => {
  test.setTimeout(60_000);
  guard.allow(/401|404|410/);
  await atHome(ruh, page);
  const api = new FormsApi(ruh);
  const at = await addClient(page, { first: 'Grete', last: 'Unseen' }, false);
  await minorsFlow(api, at.split('/').at(-1)!);
  await page.goto(`${at}/hand-over`);
  await look(page);
  await page.getByRole('button', { name: 'Show a code' }).click();
  const address = await page.locator('#hand-over-address').innerText();
  await look(page);
  const tablet = await visitor({ options: { viewport: { width: 820, height: 1180 } } });
  await tablet.goto(address);
  await expect(tablet).toHaveURL(/\/hand-over\/open$/);
  await look(tablet);
  await tablet.getByRole('button', { name: 'Begin' }).click();
  await expect(tablet).toHaveURL(/\/hand-over$/);
  await expect(tablet.locator('body')).not.toContainText('Grete');
  await look(tablet);
  await go2(tablet);
  await tablet.getByLabel('What does your child like to be called?').fill('Grete');
  await expect(state(tablet)).toContainText(/Saved \d/);
  await look(tablet);
  const form = tablet.url();
  await tablet.getByRole('button', { name: 'Finish' }).click();
  await expect(heading(tablet)).toHaveText('Please give the device back');
  await look(tablet);
  const kept = await tablet.evaluate(() => [...Object.keys(localStorage), ...Object.keys(sessionStorage)].filter((key) => key.startsWith('ruh-kept')));
  expect(kept).toEqual([]);
  expect((await tablet.context().cookies()).map((cookie) => cookie.name)).not.toContain('ruh-desk');
  await tablet.goBack();
  await expect(heading(tablet)).toHaveText('Please give the device back');
  await tablet.goto(form);
  await expect(heading(tablet)).toHaveText('Please give the device back');
  await expect(tablet.locator('body')).not.toContainText('About your child');
  await tablet.goto(address);
  await expect(heading(tablet)).toHaveText('This code does not work any more');
  await look(tablet);

  await test.step('this very device: the staff are signed out', async () => {
    const other = await page.context().newPage();
    await other.goto(at);
    await page.goto(`${at}/hand-over`);
    await page.getByRole('button', { name: 'Hand over this device' }).click();
    await expect(page).toHaveURL(/\/hand-over$/);
    // Their other tabs show nothing any more.
    await expect(other.getByRole('dialog', { name: 'Please sign in again' })).toBeVisible();
    await other.close();
    await page.goto('/clients');
    await expect(page).not.toHaveURL(/\/clients$/, { timeout: 1_000 }).catch(() => undefined);
    await expect(page.locator('body')).not.toContainText('Grete');
    await page.goto('/hand-over');
    await page.getByRole('button', { name: 'Finish' }).click();
    await expect(heading(page)).toHaveText('Please give the device back');
    await page.goto('/sign-in');
    await page.getByRole('main').getByLabel('Email', { exact: true }).fill(owner.email);
  });
});

test('without script', async ({ ruh, page, visitor, guard }) => {
  test.setTimeout(60_000);
  guard.allow(/422/);
  await atHome(ruh, page);
  const api = new FormsApi(ruh);
  const phone = await visitor({ phone: true, scripts: false });
  await parentIn(api, ruh, phone);
  const scripted = await visitor({ phone: true });
  await lookWithout(phone, scripted);
  await go2(phone);
  await lookWithout(phone, scripted);
  await phone.getByLabel('What does your child like to be called?').fill('Nisse');
  await phone.getByRole('group', { name: 'Does your child go to school?' }).getByLabel('Yes').check();
  await go(phone);
  // The answer has brought up a question: the page is there again, with it.
  await expect(phone).toHaveURL(/page=1#q-grade$/);
  await phone.getByLabel('Which grade?').fill('two');
  await go(phone);
  await expect(phone.getByRole('alert')).toContainText('not a number');
  await expect(phone.getByLabel('Which grade?')).toHaveValue('two');
  await phone.getByLabel('Which grade?').fill('2');
  await go(phone);
  await expect(phone.getByRole('heading', { name: 'How it is' })).toBeVisible();
  await go(phone);
  await expect(phone.getByRole('heading', { name: 'Papers' })).toBeVisible();
  await phone.getByLabel('Your full name').fill('Lars Bergström');
  await phone.getByRole('button', { name: 'Add a file' }).click();
  await lookWithout(phone, scripted);
  await phone.getByLabel('Add a file').setInputFiles(card);
  await phone.getByRole('button', { name: 'Send file' }).click();
  await expect(phone.getByText('Card.png')).toBeVisible();
  await expect(phone.getByLabel('Your full name')).toHaveValue('Lars Bergström');
  await go(phone);
  await expect(heading(phone)).toHaveText('Check your answers');
  await lookWithout(phone, scripted);
  await go(phone, 'Send');
  await expect(heading(phone)).toHaveText(/Thank you/);
});
