// G1, G2, G4: a group begun, joined and left on the pages; a provider who leaves the team in the middle of a sentence; a
// message whose time came when nobody could write there any more; what reading is and what it is not.
import { expect, type Page, type Ruh, test } from './support/ruh.ts';
import { accept, addClient, ana, atHome, invitationLink, look, owner, quick, signIn } from './support/people.ts';
import { Api } from './support/made_up.ts';

test.use(quick);

const bea = { first: 'Bea', last: 'Zhou', email: 'bea@mail.example' };
const password = 'paper boats downstream';

const written = (page: Page, text: string) => page.locator('.messages > li', { hasText: text });

async function send(page: Page, text: string) {
  await page.getByLabel('Write a message').fill(text);
  await page.getByRole('button', { name: 'Send', exact: true }).click();
}

async function more(page: Page, label: string) {
  await page.getByRole('button', { name: 'More about this conversation' }).click();
  await page.locator('#thread-menu').getByText(label).click();
}

function provider(ruh: Ruh, name: string) {
  const email = `${name.split(' ')[0]!.toLowerCase()}@riverside.example`;
  ruh.runWith(password, 'member', 'create', '--practice', 'riverside-counseling', '--name', name, '--email', email, '--role', 'provider', '--password-stdin');
  return { email, password };
}

/** Sets who cares for a client: the owner with a colleague, or alone. */
async function teams(ruh: Ruh, colleague: string) {
  const token = ruh.run('token', 'create', '--email', owner.email, '--name', 'Journey').trim().split('\n').at(-1)!;
  const api = new Api(ruh.url, token);
  const { items } = (await api.ask('GET', '/members')) as { items: { id: string; email: string }[] };
  const idOf = (email: string) => items.find((one) => one.email === email)!.id;
  const ownerOnly = [idOf(owner.email)];
  const team = (client: string, care_team_ids: string[]) => api.ask('PATCH', `/clients/${client}`, { care_team_ids });
  return { team, ownerOnly, both: [...ownerOnly, idOf(colleague)] };
}

test('a group, and who is there', async ({ ruh, page, visitor, guard }) => {
  guard.allow(/422|404|ERR_/);
  await atHome(ruh, page);
  const maya = provider(ruh, 'Maya Brandt');
  const { team, both, ownerOnly } = await teams(ruh, maya.email);
  const clients: string[] = [];
  for (const who of [ana, bea]) {
    const at = await addClient(page, who);
    clients.push(at.split('/').at(-1)!);
    await team(clients.at(-1)!, both);
  }
  const phone = await visitor({ phone: true });
  await accept(phone, await invitationLink(ruh, ana.email));

  await test.step('begun on the page, with a colleague', async () => {
    await page.goto('/chat/new');
    await page.getByLabel('Ana López').check();
    await page.getByLabel('Bea Zhou').check();
    await page.getByLabel('In one group: everybody reads everything').check();
    await page.getByLabel('Title of the group').fill('Tuesday circle');
    await page.getByLabel('Maya Brandt').check();
    await page.getByLabel('Message', { exact: true }).fill('Welcome to the circle');
    await look(page);
    await page.getByRole('button', { name: 'Send message' }).click();
    await expect(written(page, 'Welcome to the circle')).toBeVisible();
    await expect(page.locator('[data-lead]')).toHaveText(/Ana López, Bea Zhou, .*Maya Brandt/);
    await more(page, 'Who is in it');
    await expect(page.getByRole('dialog', { name: 'Who is in it' })).toBeVisible();
    await look(page);
    await page.keyboard.press('Escape');
  });

  const group = new URL(page.url()).pathname;
  await test.step('what is on the screen is read, and what was only fetched is not', async () => {
    await phone.goto('/portal');
    await expect(phone.locator('ruh-unseen')).toHaveText('1');
    await phone.request.get(group.replace('/chat', '/portal/messages'));
    await phone.reload();
    await expect(phone.locator('ruh-unseen')).toHaveText('1');
    await phone.goto('/portal/messages');
    await phone.locator('.conversations a', { hasText: 'Tuesday circle' }).click();
    await expect(phone.locator('.new-line')).toBeVisible();
    await look(phone);
    await expect(written(page, 'Welcome to the circle').locator('.state')).toHaveText(/Read by Ana/);
    await expect(phone.locator('ruh-unseen')).toBeHidden();
  });

  await test.step('a colleague who leaves the care team is gone from it, without a reload', async () => {
    await team(clients[1]!, ownerOnly);
    await expect(phone.locator('[data-lead]')).not.toHaveText(/Maya/);
    await team(clients[1]!, both);
  });

  await test.step('a client leaves, and is brought back', async () => {
    await more(phone, 'Who is in it');
    const dialog = phone.getByRole('dialog', { name: 'Who is in it' });
    await expect(dialog.getByText('Maya Brandt')).toBeVisible();
    await look(phone);
    await dialog.getByRole('button', { name: 'Leave the group' }).click();
    await expect(phone).toHaveURL(/\/portal\/messages$/);
    await expect(phone.locator('.conversations a', { hasText: 'Tuesday circle' })).toHaveCount(0);
    await page.reload();
    await more(page, 'Who is in it');
    const people = page.getByRole('dialog', { name: 'Who is in it' });
    await expect(people.getByText('Left the group')).toBeVisible();
    await look(page);
    await people.getByRole('button', { name: /Bring back/ }).click();
    await phone.reload();
    await expect(phone.locator('.conversations a', { hasText: 'Tuesday circle' })).toHaveCount(1);
  });
});

test('in the middle of a sentence', async ({ ruh, page, visitor, guard }) => {
  guard.allow(/404|409|ERR_/);
  await atHome(ruh, page);
  const maya = provider(ruh, 'Maya Brandt');
  const { team, both, ownerOnly } = await teams(ruh, maya.email);
  const at = await addClient(page, ana);
  const client = at.split('/').at(-1)!;
  await team(client, both);
  const phone = await visitor({ phone: true });
  await accept(phone, await invitationLink(ruh, ana.email));
  const desk = await visitor();
  await signIn(desk, maya, '/home');
  await desk.goto(`/clients/${client}/messages`);
  await desk.getByRole('button', { name: 'Write as yourself' }).click();
  await send(desk, 'How was the week?');
  await phone.goto('/portal/messages');
  await phone.locator('.conversations a').click();
  await expect(written(phone, 'How was the week?')).toBeVisible();

  await test.step('what waits for its time', async () => {
    await desk.getByText('Send later').click();
    await desk.getByLabel('When').fill('2027-03-02T09:00');
    await desk.getByLabel('Write a message').fill('See you on Tuesday');
    await desk.getByRole('button', { name: 'Keep for then' }).click();
    await expect(desk.getByText('See you on Tuesday')).toBeVisible();
    await look(desk);
  });

  await desk.getByLabel('Write a message').pressSequentially('I was thinking that we');
  await phone.getByLabel('Write a message').pressSequentially('Mostly good, but on');
  await team(client, ownerOnly);

  await test.step('the client reads who is there, and keeps what they typed', async () => {
    await expect(phone.locator('.thread-closed')).toContainText('not on the care team any more');
    await expect(phone.locator('[data-lead]')).toHaveText('Not on your care team any more');
    await expect(phone.getByLabel('Write a message')).toHaveValue('Mostly good, but on');
    await expect(phone.getByLabel('Write a message')).not.toBeEditable();
    await expect(written(phone, 'How was the week?')).toBeVisible();
    await look(phone);
  });

  await test.step('the provider has nothing of it but their own words', async () => {
    await expect(desk.locator('.thread-closed')).toContainText('What you had typed is still here');
    await expect(desk.locator('.messages')).toHaveCount(0);
    await expect(desk.getByLabel('Write a message')).toHaveValue('I was thinking that we');
    await look(desk);
    await desk.goto('/chat');
    await expect(desk.locator('.conversations a')).toHaveCount(0);
  });

  await test.step('back on the team, both write on', async () => {
    await team(client, both);
    await expect(phone.locator('.thread-closed')).toHaveCount(0);
    await expect(phone.getByLabel('Write a message')).toHaveValue('Mostly good, but on');
    await phone.getByLabel('Write a message').press('End');
    await phone.keyboard.type(' Thursday');
    await phone.keyboard.press('Enter');
    await expect(written(phone, 'Mostly good, but on Thursday').locator('.state')).toHaveText(/^(Sent|Delivered|Read)/);
    await desk.goto('/chat');
    await desk.locator('.conversations a').click();
    await expect(written(desk, 'Mostly good, but on Thursday')).toBeVisible();
  });

  await test.step('closed and opened again, seen at once on the other side', async () => {
    await more(desk, 'Close the conversation');
    await expect(phone.locator('.thread-closed')).toHaveText('This conversation is closed.');
    await expect(phone.getByLabel('Write a message')).toHaveCount(0);
    await more(desk, 'Open it again');
    await expect(phone.getByLabel('Write a message')).toBeEditable();
    await send(phone, 'There you are');
    await expect(written(desk, 'There you are')).toBeVisible();
  });
});
