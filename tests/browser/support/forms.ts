// Forms for the journeys, made and given by the API.
import { expect, type Ruh } from './ruh.ts';
import { owner } from './people.ts';

export type Item = { id: string; kind: string; text: string } & Record<string, unknown>;
export interface Definition { title: string; intro?: string; items: Item[] }

export class FormsApi {
  private readonly token: string;

  constructor(private readonly ruh: Ruh, email = owner.email) {
    this.token = ruh.run('token', 'create', '--email', email, '--name', 'Journey').trim().split('\n').at(-1)!;
  }

  async ask(method: string, path: string, body?: unknown) {
    const answer = await fetch(`${this.ruh.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    expect(answer.ok, `${method} ${path}: ${answer.status} ${text}`).toBe(true);
    return text ? JSON.parse(text) : undefined;
  }

  /** A form that was published; its id. */
  async publish(kind: string, definition: Definition): Promise<string> {
    const { id } = await this.ask('POST', '/forms', { kind, definition });
    await this.ask('POST', `/forms/${id}/publish`, {});
    return id;
  }

  async flow(name: string, steps: { form_id: string; required: boolean }[]): Promise<string> {
    return (await this.ask('POST', '/flows', { name, steps })).id;
  }

  give(client: string, what: Record<string, unknown>) {
    return this.ask('POST', `/clients/${client}/forms`, what);
  }
}

const choices = (...labels: string[]) => labels.map((label, at) => ({ code: `c${at}`, label }));
const on = (question: string, value: string) => ({ combine: 'all', conditions: [{ question, test: 'is', value }] });

export const welcome: Definition = {
  title: 'Welcome to Riverside',
  items: [{ id: 'text', kind: 'explanation', text: 'Good that you are here.\n\nThe next pages take about ten minutes. You can stop at any time: everything you answer is kept.' }],
};

export const rules: Definition = {
  title: 'How we work together',
  items: [
    { id: 'text', kind: 'explanation', text: 'What you tell us stays with us.\n\nIf you cannot come, please tell us a day before.' },
    { id: 'agree', kind: 'single', text: 'Do you agree?', required: true, choices: [{ code: 'agree', label: 'I have read this and agree to it' }] },
  ],
};

/** A bit of everything, on four pages, of which one comes with an answer. */
export const aboutChild: Definition = {
  title: 'About your child',
  intro: 'We ask this once, so that the first hour is for your child.',
  items: [
    { id: 'h1', kind: 'heading', text: 'Your child' },
    { id: 'called', kind: 'short_text', text: 'What does your child like to be called?', required: true },
    { id: 'school', kind: 'yes_no', text: 'Does your child go to school?', required: true },
    { id: 'grade', kind: 'number', text: 'Which grade?', help: 'A number, like 4.', required: true, show_if: on('school', 'yes') },
    { id: 'likes', kind: 'multiple', text: 'What does your child like?', own_words: true, choices: choices('Being outside', 'Drawing and making things', 'Music', 'Being alone with a book') },
    { id: 'h2', kind: 'heading', text: 'Medicine', help: 'Only what is taken now.', show_if: { conditions: [{ question: 'likes', test: 'answered' }] } },
    { id: 'medicine', kind: 'yes_no', text: 'Does your child take any medicine?' },
    { id: 'which', kind: 'long_text', text: 'Which, and how much?', required: true, show_if: on('medicine', 'yes') },
    { id: 'since', kind: 'date', text: 'Since when?', show_if: on('medicine', 'yes') },
    { id: 'h3', kind: 'heading', text: 'How it is' },
    { id: 'nights', kind: 'single', text: 'How are the nights?', choices: choices('Quiet', 'Restless now and then', 'Hard, most of the time') },
    { id: 'worry', kind: 'scale', text: 'How worried are you?', scale: { from: 0, to: 10, low: 'Not at all', high: 'As much as can be' } },
    { id: 'more', kind: 'long_text', text: 'What else should we know?' },
    { id: 'h4', kind: 'heading', text: 'Papers' },
    { id: 'card', kind: 'file', text: 'A picture of the insurance card', help: 'The side with the number.' },
    { id: 'sign', kind: 'signature', text: 'Please sign for your child', required: true },
  ],
};

/** Gives a child the Minors flow; the id of its form about the child. */
export async function minorsFlow(api: FormsApi, client: string) {
  const steps = [];
  for (const [kind, definition] of [['welcome', welcome], ['policy', rules], ['form', aboutChild]] as const) {
    steps.push({ form_id: await api.publish(kind, definition), required: true });
  }
  await api.give(client, { flow_id: await api.flow('Minors', steps) });
}
