// A made-up practice for the pictures: sixty people whose names are long, short, right to left or Chinese, with
// invitations in every state. It is filled by the API and real mail, never by writing into the database.
import { expect, linkIn, type MailServer, Ruh } from './ruh.ts';

export const password = 'quiet harbour lantern 7';
export const owner = { name: 'Samira Reed', email: 'samira@harbour.example' };

/** First name, last name, and what else is known. */
type Person = [first: string, last: string, more?: Record<string, unknown>];

// No e-mail address leaves this list: `.example` belongs to nobody.
const people: Person[] = [
  ['Ana', 'López', { pronouns: 'she/her', date_of_birth: '1991-04-12', phone: '+12125550142' }],
  ['Thomas', 'Ahlgren', { phone: '+12125550177' }],
  ['Wolfgang-Maximilian', 'von Hohenstein-Wolfeschlegelsteinhausenbergerdorff', { email: 'wolfgang-maximilian.von-hohenstein@wolfeschlegelsteinhausen.example' }],
  ['عبد الرحمن', 'بن محمد الخطيب', { email: 'a.khatib@mail.example', time_zone: 'Asia/Amman' }],
  ['مریم', 'فاروقی', { email: 'maryam.farooqi@mail.example', phone: '+923001234567' }],
  ['小明', '欧阳', { email: 'ouyang@mail.example' }],
  ['Ngozi', 'Okonkwo', { email: 'ngozi.okonkwo@gmial.example', phone: '+12125550119' }],
  ['Priya', 'Raghunathan', { email: 'priya@gmial.example' }],
  ['Jo', 'Li', { email: undefined, phone: undefined }],
  ['María del Carmen', 'Fernández-Villaverde y Ruiz de Alarcón', { pronouns: 'she/they', preferred_name: 'Mari Carmen' }],
  ['Siobhán', 'Ó Ceallaigh', { preferred_name: 'Shiv' }],
  ['Noah', 'Abrahams', { email: undefined }],
  ['Ella', 'Abrahams', { email: undefined, date_of_birth: '2014-09-02' }],
  ['ليلى', 'حداد', { email: 'layla.haddad@mail.example' }],
  ['Zoë', 'Ünlü', {}],
];
const firsts = ['Lena', 'Marcus', 'Ida', 'Omar', 'Grace', 'Felix', 'Yuki', 'Clara', 'Daniel', 'Rosa', 'Viktor', 'Amara', 'Henry', 'Nadia', 'Paul'];
const lasts = ['Brandt', 'Castellano', 'Dubois', 'Eriksen', 'Fontaine', 'Greenwood', 'Hashimoto', 'Ivanova', 'Jankowski'];
for (let n = 0; people.length < 60; n++) {
  people.push([firsts[n % firsts.length], lasts[n % lasts.length], n % 7 === 3 ? { email: undefined } : {}]);
}

export interface MadeUp {
  slug: string;
  /** Ids of clients by last name. */
  ids: Map<string, string>;
  api: Api;
}

export class Api {
  constructor(public url: string, private readonly token: string) {}

  async ask(method: string, path: string, body?: unknown) {
    const answer = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  /** Waits until the newest invitation of a client has an event of this kind. */
  async waitFor(id: string, kind: string) {
    await expect
      .poll(async () => JSON.stringify(await this.ask('GET', `/clients/${id}/invitations`)), { timeout: 30_000, intervals: [150] })
      .toContain(`"${kind}"`);
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)!.trim();
}

/** Creates a password on an invitation's page, as a browser without script would. */
export async function accept(ruh: Ruh, link: string, chosen = password) {
  const opened = await fetch(link, { redirect: 'manual' });
  const cookie = opened.headers.getSetCookie().map((one) => one.split(';')[0]).join('; ');
  const answer = await fetch(`${ruh.url}/invitation`, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie, origin: ruh.url, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ password: chosen }),
  });
  if (answer.status !== 303) throw new Error(`accepting ${link}: ${answer.status} ${await answer.text()}`);
}

/** Another server of the same installation for as long as `work` takes: with other settings than the pictures'. */
async function beside(ruh: Ruh, settings: Record<string, string>, work: (other: Ruh) => Promise<void>) {
  const other = new Ruh(ruh.mail, ruh.dataDir, { RUH_DATA_DIR: ruh.dataDir, RUH_UNDO_SECONDS: '0', ...settings });
  await other.start();
  try {
    await work(other);
  } finally {
    await other.stop();
  }
}

/** Fills the practice that the owner has just set up, and starts the program again. */
export async function fill(ruh: Ruh, mail: MailServer, groups: string[]): Promise<MadeUp> {
  const api = new Api(ruh.url, lastLine(ruh.run('token', 'create', '--email', owner.email, '--name', 'Pictures')));
  const { slug } = await api.ask('GET', '/practice');
  const providers = ['Dr. Ben Achterberg', 'Oluwaseun Adeyemi-Christensen'].map((name, n) =>
    lastLine(ruh.runWith(password, 'member', 'create', '--practice', slug, '--name', name, '--email', `p${n}@harbour.example`, '--role', 'provider', '--password-stdin')),
  );
  ruh.runWith(password, 'member', 'create', '--practice', slug, '--name', 'Kim Desk', '--email', 'desk@harbour.example', '--role', 'support', '--password-stdin');
  await ruh.stop();

  const ids = new Map<string, string>();
  const add = async (index: number, send: boolean) => {
    const [first_name, last_name, more = {}] = people[index];
    const email = 'email' in more ? more.email : `${first_name}.${last_name}`.normalize('NFD').replace(/[^a-zA-Z.]/g, '').toLowerCase() + `${index > 14 ? index : ''}@mail.example`;
    const group_id = index % 5 === 4 ? undefined : groups[index % groups.length];
    const primary_provider_id = index > 2 && index % 3 ? providers[index % 2] : undefined;
    const body = { first_name, last_name, group_id, primary_provider_id, ...more, email, send_invitation: send };
    const { id } = await api.ask('POST', '/clients', body);
    if (!ids.has(last_name)) ids.set(last_name, id);
    return id as string;
  };

  // Without a mail server: kept in the local outbox.
  await beside(ruh, {}, async (bare) => {
    api.url = bare.url;
    for (const index of [9, 10]) await api.waitFor(await add(index, true), 'kept');
  });

  await beside(ruh, { RUH_SMTP_URL: `smtp://localhost:${mail.port}` }, async (quick) => {
    api.url = quick.url;
    await mail.behave({ refuse: 550, refuse_to: 'gmial' });
    for (let index = people.length - 1; index >= 0; index--) {
      if (index === 9 || index === 10) continue;
      // Some are added for later, without any mail.
      const id = await add(index, index % 6 !== 5 || index < 12);
      const [, last, more = {}] = people[index];
      if (last === 'Okonkwo' || last === 'Raghunathan') await api.waitFor(id, 'bounced');
      // Every fourth has a password already.
      if (index > 14 && index % 4 === 0 && !('email' in more)) {
        await api.waitFor(id, 'sent');
        const { email } = await api.ask('GET', `/clients/${id}`);
        await accept(quick, linkIn(await mail.waitForMail(email), /invitation/));
      }
    }
    // A long history: sent three times, each link opened.
    const long = ids.get('Ahlgren')!;
    const to = (await api.ask('GET', `/clients/${long}`)).email;
    for (let count = 1; count <= 3; count++) {
      await fetch(linkIn(await mail.waitForMail(to, count), /invitation/), { redirect: 'manual' });
      if (count < 3) await api.ask('POST', `/clients/${long}/invitations`);
    }
    await api.waitFor(ids.get('López')!, 'sent');
    // A server that puts off: the mail stays queued, and says so.
    await mail.behave({ greylist: 1000 });
    const slow = await api.ask('POST', '/clients', { first_name: 'Tobias', last_name: 'Wartenberg', email: 't.wartenberg@mail.example' });
    ids.set('Wartenberg', slow.id);
    await api.waitFor(slow.id, 'delayed');
  });

  await ruh.start();
  api.url = ruh.url;
  return { slug, ids, api };
}

/** A second practice in which the owner of the first is a client, so that there is a choice after signing in. */
export async function secondPlace(ruh: Ruh, mail: MailServer) {
  await mail.behave({});
  await ruh.stop();
  ruh.runWith(password, 'practice', 'create', '--name', 'Lindenhof Counseling', '--owner-name', 'Ruth Lindner', '--owner-email', 'ruth@lindenhof.example', '--time-zone', 'Europe/Berlin', '--password-stdin');
  await beside(ruh, { RUH_SMTP_URL: `smtp://localhost:${mail.port}` }, async (quick) => {
    const api = new Api(quick.url, lastLine(quick.run('token', 'create', '--email', 'ruth@lindenhof.example', '--name', 'Pictures')));
    await api.ask('POST', '/clients', { first_name: 'Samira', last_name: 'Reed', email: owner.email });
    await accept(quick, linkIn(await mail.waitForMail(owner.email), /invitation/));
  });
  await ruh.start();
}
