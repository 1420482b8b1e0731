// Pictures of the chat: lists and conversations on both sides, what is written to many, and its settings.
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

test('what is written', async ({ ruh, page, visitor }) => {
  test.setTimeout(600_000);
  const password = ruh.run('demo').trim().split('\n').at(-1)!;
  await signIn(page, 'hana@harbourlight.example', password);
  await page.goto('/chat');
  await look(page, 'chat-list');
  await page.goto('/settings/chat');
  await look(page, 'chat-settings-provider');

  const maya = await visitor();
  await signIn(maya, 'maya@harbourlight.example', password);
  await maya.goto('/chat');
  await look(maya, 'chat-list-unread');
  await maya.locator('.conversations a', { hasText: 'Ana Marchetti' }).first().click();
  await maya.locator('.messages').waitFor();
  await look(maya, 'chat-thread');
  await maya.locator('.message.mine').last().getByRole('button', { name: /Delete/ }).click();
  await maya.getByRole('dialog', { name: 'Delete message?' }).waitFor();
  await look(maya, 'chat-delete');
  await maya.goto('/chat/new');
  await look(maya, 'chat-new');
  for (const one of await maya.locator('[name="client_ids"]').all()) {
    if (await maya.locator('[name="client_ids"]:checked').count() < 4) await one.check();
  }
  await maya.getByLabel('In one group: everybody reads everything').check();
  await maya.getByLabel('Title of the group').fill('Tuesday evening circle');
  await maya.getByLabel('Message', { exact: true }).fill('Welcome, all of you. We meet at six, in the large room.');
  await maya.getByRole('button', { name: 'Send message' }).click();
  await maya.locator('.messages').waitFor();
  await look(maya, 'chat-group');
  await maya.getByRole('button', { name: 'More about this conversation' }).click();
  await look(maya, 'chat-group-menu');
  await maya.locator('#thread-menu').getByText('Who is in it').click();
  await maya.getByRole('dialog', { name: 'Who is in it' }).waitFor();
  await look(maya, 'chat-people');
  await maya.goto('/chat');
  await maya.locator('#chat-list').getByRole('searchbox').fill('thursday');
  await maya.keyboard.press('Enter');
  await maya.locator('.found').waitFor();
  await look(maya, 'chat-found');
  await maya.goto('/clients');
  await maya.getByRole('link', { name: 'Ana Marchetti' }).click();
  await maya.getByRole('navigation', { name: 'Sides of the record' }).getByRole('link', { name: 'Messages' }).click();
  await look(maya, 'chat-record');

  await maya.goto('/settings/chat');
  await look(maya, 'chat-settings');
  await maya.getByRole('button', { name: 'Edit', exact: true }).click();
  await maya.getByRole('dialog').getByLabel('Text').waitFor();
  await look(maya, 'chat-welcome');
  await maya.goto('/settings/chat/replies/new');
  await look(maya, 'chat-reply');

  const ana = await visitor({ phone: true });
  await signIn(ana, 'ana.marchetti@harbourlight.example', password);
  await ana.goto('/portal/messages');
  await look(ana, 'chat-portal-list');
  await ana.locator('.conversations a').first().click();
  await ana.locator('.messages').waitFor();
  await look(ana, 'chat-portal-thread');
});
