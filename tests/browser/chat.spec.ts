// G1–G4: a provider on a desk and a client on a phone write to each other while the connection drops; the welcome is
// edited and the next client gets the new one; a provider leaves the team; everything essential without script.
import { expect, linkIn, type Page, test } from './support/ruh.ts';
import { accept, addClient, ana, atHome, look, lookWithout, quick, toast } from './support/people.ts';

test.use(quick);

const written = (page: Page, text: string) => page.locator('.messages > li', { hasText: text });

async function send(page: Page, text: string) {
  await page.getByLabel('Write a message').fill(text);
  await page.getByRole('button', { name: 'Send', exact: true }).click();
}

test('a welcome, and what follows, from both sides', async ({ ruh, page, visitor, guard }) => {
  // The connection is cut on purpose.
  guard.allow(/ERR_INTERNET_DISCONNECTED|ERR_FAILED|ERR_NETWORK|ERR_CONNECTION/);
  await atHome(ruh, page);

  await test.step('gear, Chat, the switch, Edit, Save changes', async () => {
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'Chat' }).click();
    await look(page);
    await page.getByRole('switch', { name: 'Automatic welcome message' }).click();
    await expect(page.getByRole('switch')).toBeChecked();
    await expect(toast(page, 'New clients are welcomed from now on.')).toBeVisible();
    await page.getByRole('button', { name: 'Edit', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Automatic welcome message' });
    await dialog.getByLabel('Text').fill('Hi {client}, good to have you here. {provider}');
    await expect(dialog.getByText(/Hi Ana, good to have you here\./)).toBeVisible();
    await look(page);
    await dialog.getByRole('button', { name: 'Save changes' }).click();
    await expect(dialog).toBeHidden();
    await expect(page.getByText(/Hi Ana, good to have you here/).first()).toBeVisible();
  });

  const at = await addClient(page, ana);
  const phone = await visitor({ phone: true });
  await accept(phone, linkIn(await ruh.mail.waitForMail(ana.email), /invitation/));

  await test.step('the first message is there when the portal opens', async () => {
    await expect(phone.getByText('Unread messages in a conversation')).toBeVisible();
    await expect(phone.locator('ruh-unseen')).toHaveText('1');
    await expect(phone).toHaveTitle(/^\(1\) /);
    await phone.getByRole('link', { name: 'Read messages' }).click();
    await look(phone);
    await phone.locator('.conversations a').click();
    await expect(written(phone, `Hi ${ana.first}, good to have you here.`)).toBeVisible();
    await expect(phone.getByText(/not watched around the clock/)).toBeVisible();
    await look(phone);
  });

  await page.goto('/chat');
  await page.locator('.conversations a').click();
  await look(page);

  await test.step('live, with what became of it', async () => {
    await send(phone, 'Thank you! See https://example.org/map');
    await expect(written(page, 'Thank you!')).toBeVisible();
    // An address is text until it is pressed.
    const address = written(page, 'Thank you!').getByRole('link', { name: 'https://example.org/map' });
    expect(await address.getAttribute('href')).toBeNull();
    await address.click();
    await expect(address).toHaveAttribute('rel', /noopener/);
    await expect(written(phone, 'Thank you!').locator('.state')).toHaveText(/Read by/);
    await page.getByLabel('Write a message').pressSequentially('مرحبا بك');
    await expect(phone.getByText('is typing …')).toBeVisible();
    await page.keyboard.press('Enter');
    await expect(written(phone, 'مرحبا بك')).toBeVisible();
    await expect(phone.locator('[data-announce]')).toHaveText(/New message from/);
    await look(page);
    await look(phone);
  });

  await test.step('typed without a connection it waits, and goes in order', async () => {
    await phone.context().setOffline(true);
    for (const text of ['one', 'two', 'three']) await send(phone, `Offline ${text}`);
    await expect(written(phone, 'Offline one').locator('.state')).toHaveText('Waits for the connection');
    await expect(written(phone, 'Offline three').locator('.state')).toHaveText('Waits for the connection');
    await look(phone);
    await send(page, 'Are you there?');
    await phone.context().setOffline(false);
    for (const text of ['one', 'two', 'three']) await expect(written(page, `Offline ${text}`)).toHaveCount(1, { timeout: 20_000 });
    const order = await page.locator('.messages > li .body', { hasText: 'Offline' }).allTextContents();
    expect(order).toEqual(['Offline one', 'Offline two', 'Offline three']);
    await expect(written(phone, 'Are you there?')).toBeVisible({ timeout: 20_000 });
    await phone.reload();
    expect(await phone.locator('.messages > li .body', { hasText: 'Offline' }).allTextContents()).toEqual(order);
  });

  await test.step('edited, deleted, with a file, by keyboard', async () => {
    await written(phone, 'Offline three').getByRole('button', { name: /Edit/ }).click();
    const dialog = phone.getByRole('dialog', { name: 'Edit message' });
    await look(phone);
    await dialog.getByLabel('Write a message').fill('Offline 3');
    await dialog.getByRole('button', { name: 'Save changes' }).click();
    await expect(written(page, 'Offline 3')).toContainText('edited');
    await written(phone, 'Offline two').getByRole('button', { name: /Delete/ }).click();
    await phone.getByRole('dialog', { name: 'Delete message?' }).getByRole('button', { name: 'Delete' }).click();
    await expect(written(page, 'This message was deleted.')).toBeVisible();
    await page.getByLabel('Attach a file').setInputFiles({ name: 'Plan.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4 plan') });
    await send(page, 'Here is the plan');
    await expect(written(phone, 'Here is the plan').getByRole('link', { name: 'Plan.pdf' })).toBeVisible();
    await page.getByLabel('Attach a file').setInputFiles({ name: 'Plan.exe', mimeType: 'application/octet-stream', buffer: Buffer.from('MZ') });
    await send(page, 'And this');
    await expect(written(page, 'And this').locator('.state')).toHaveText(/Not sent/);
    await written(page, 'And this').getByRole('button', { name: 'Discard' }).click();
    await expect(written(page, 'And this')).toHaveCount(0);
    await page.locator('#chat-list').getByRole('searchbox').fill('PLAN');
    await page.keyboard.press('Enter');
    await expect(page.getByText('Here is the plan')).toBeVisible();
    await look(page);
  });

  await test.step('a changed text is for the next client', async () => {
    await page.goto('/settings/chat/welcome');
    await page.getByLabel('Text').fill('Welcome, {client}!');
    await page.getByRole('button', { name: 'Save changes' }).click();
    await expect(page).toHaveURL(/\/settings\/chat$/);
    const next = await addClient(page, { first: 'Bruno', last: 'Keller', email: 'bruno@example.org' });
    await page.goto(`${next}/messages`);
    await look(page);
    await page.getByRole('link', { name: 'You', exact: true }).click();
    await expect(written(page, 'Welcome, Bruno!')).toBeVisible();
  });

  await test.step('without script', async () => {
    const plain = await visitor({ phone: true, scripts: false });
    await plain.goto('/sign-in');
    await plain.getByLabel('Email', { exact: true }).fill(ana.email);
    await plain.getByLabel('Password', { exact: true }).fill(ana.password);
    await plain.getByRole('button', { name: 'Sign in', exact: true }).click();
    await plain.getByRole('link', { name: 'Messages' }).click();
    await plain.locator('.conversations a').click();
    await plain.getByLabel('Write a message').fill('By hand');
    await plain.getByRole('button', { name: 'Send', exact: true }).click();
    await expect(written(plain, 'By hand')).toBeVisible();
    await lookWithout(plain, await visitor({ phone: true }));
  });

  await test.step('whoever is no longer there', async () => {
    await page.goto(`${at}/messages`);
    await page.getByRole('button', { name: 'Write as the practice' }).click();
    await send(page, 'From the practice');
    await expect(written(page, 'From the practice').locator('.state')).toHaveText(/^(Sent|Delivered|Read)/);
    await phone.goto('/portal/messages');
    await look(phone);
    await expect(phone.locator('.conversations a')).toHaveCount(2);
  });
});
