// <ruh-filling>: a page of a form. Each answer is saved as it is typed; without a connection it is kept on this device and
// sent, once and in order, when there is one again. Questions come and go with the answers they depend on.
import { fetchOnce } from './fetch.js';
import { applyRules } from './filling-rules.js';
import { Kept, forgetAll } from './kept.js';

const TYPING = 700;
const SLOW = 500;
const PATIENCE = 15_000;
/** Bytes of one request, and of one that outlives its page: browsers let no more of those go. */
const BATCH = 120_000;
const LAST = 60_000;
/** Answers of one request, at most. */
const ANSWERS = 200;
/** Of what is not taken now, this is worth another try by itself. */
const PASSES = [408, 429];
const AGAIN = [2_000, 5_000, 10_000, 20_000, 30_000];
const DESK_IDLE = 30 * 60_000;
const HEADERS = { Accept: 'application/json', 'HX-Request': 'true' };

const newId = () => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;

class Filling extends HTMLElement {
  connectedCallback() {
    const { form, secret, desk, done } = this.dataset;
    this.kept = new Kept(form, secret, desk !== undefined);
    if (desk !== undefined) this.watchDesk();
    if (done !== undefined) this.kept.clear();
    else this.kept.ready.then(() => { if (this.isConnected) this.begin(); });
  }

  begin() {
    const { check } = this.dataset;
    // What this page sends: its own, and what was left behind when it was opened.
    this.mine = new Set(this.kept.all().map((entry) => entry.sitting));
    this.state = this.querySelector('[data-state]');
    this.tries = 0;
    this.most = ANSWERS;
    this.listen();
    if (check !== undefined) return this.readyCheck();
    this.page = this.querySelector('form[data-fill]');
    this.mine.add(this.page.elements.sitting.value);
    this.paper = this.querySelector('[data-paper]');
    this.invalid = new Set([...this.paper.querySelectorAll('.asked[data-invalid]')].map((asked) => asked.dataset.question));
    this.readyPage();
    return undefined;
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
    clearTimeout(this.again);
    this.ears?.abort();
  }

  listen() {
    this.ears = new AbortController();
    const { signal } = this.ears;
    window.addEventListener('online', () => this.send(), { signal });
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.send(); }, { signal });
    window.addEventListener('pagehide', () => this.leave(), { signal });
    window.addEventListener('beforeunload', (event) => {
      if (!this.going && !this.kept.isKept && this.waiting().length > 0) event.preventDefault();
    }, { signal });
  }

  readyPage() {
    const early = [...this.paper.querySelectorAll('.asked')].filter((asked) => this.isTouched(asked));
    for (const entry of this.kept.all()) this.restore(entry);
    this.page.addEventListener('input', (event) => this.typed(event, event.target.matches('textarea, [type="text"], [type="date"]') ? TYPING : 0));
    this.page.addEventListener('change', (event) => this.typed(event, 0));
    this.page.addEventListener('click', (event) => {
      const button = event.target.closest('[data-unchoose]');
      if (button) this.unchoose(button.closest('.asked'));
    });
    this.page.addEventListener('ruh:answered', () => this.refresh());
    this.page.addEventListener('submit', (event) => this.submit(event));
    this.refresh();
    // Typed before this script had come.
    for (const asked of early) this.note(asked, 0);
    this.send();
  }

  isTouched(asked) {
    return [...asked.querySelectorAll('input, textarea')].some((field) => (
      /^(radio|checkbox)$/.test(field.type) ? field.checked !== field.defaultChecked : field.type !== 'hidden' && field.type !== 'file' && field.value !== field.defaultValue
    ));
  }

  waiting() {
    return this.kept.all().filter((entry) => this.mine.has(entry.sitting));
  }

  /** What was typed before this page was opened and never arrived. */
  restore(entry) {
    const asked = this.asked(entry.question);
    if (!asked) return;
    const value = (name) => entry.fields.filter(([known]) => known === name).map(([, text]) => text);
    for (const field of asked.querySelectorAll('[name]')) {
      const texts = value(field.name);
      if (/^(radio|checkbox)$/.test(field.type)) field.checked = texts.includes(field.value);
      else field.value = texts[0] ?? '';
    }
    asked.querySelector('ruh-sign')?.read();
  }

  asked(question) {
    return [...(this.paper?.querySelectorAll('.asked') ?? [])].find((asked) => asked.dataset.question === question);
  }

  refresh() {
    const shown = applyRules(this.paper);
    this.page.elements.shown.value = shown.join(' ');
    for (const button of this.paper.querySelectorAll('[data-unchoose]')) {
      button.hidden = !button.closest('.asked').querySelector(':checked');
    }
    if (!CSS.supports('field-sizing', 'content')) {
      for (const area of this.paper.querySelectorAll('textarea')) {
        area.style.height = 'auto';
        area.style.height = `${area.scrollHeight + 2}px`;
      }
    }
  }

  unchoose(asked) {
    for (const field of asked.querySelectorAll(':checked')) field.checked = false;
    const own = asked.querySelector('[data-own]');
    if (own) own.value = '';
    const first = asked.querySelector('input');
    first.dispatchEvent(new Event('change', { bubbles: true }));
    first.focus();
  }

  typed(event, wait) {
    const asked = event.target.closest('.asked');
    if (!asked || !event.target.name) return;
    const other = asked.querySelector('[data-other]');
    if (other && event.target.matches('[data-own]') && event.target.value.trim() && !other.checked) other.checked = true;
    // Leaving a field says once more what typing has said.
    this.note(asked, wait, event.type === 'change');
  }

  /** Notes what a question holds now, to be sent. */
  note(asked, wait, again = false) {
    const { question } = asked.dataset;
    const sitting = this.page.elements.sitting.value;
    const before = JSON.stringify(this.waiting().find((entry) => entry.question === question && entry.sitting === sitting)?.fields);
    const fields = this.fields(asked);
    this.refresh();
    if (again && asked.lastSaid === JSON.stringify(fields)) return;
    asked.lastSaid = JSON.stringify(fields);
    if (before !== asked.lastSaid) this.kept.put({ id: newId(), question, fields, at: Date.now(), sitting });
    this.complain(asked, '');
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), wait);
  }

  fields(asked) {
    const given = [...asked.querySelectorAll('[name]')].filter((field) => !/^(radio|checkbox)$/.test(field.type) || field.checked);
    return given.map((field) => [field.name, field.value]);
  }

  /** One batch after the other, until nothing waits. True: all of it has arrived. */
  send() {
    this.sending ??= this.sendAll().finally(() => { this.sending = null; });
    return this.sending;
  }

  async sendAll() {
    clearTimeout(this.timer);
    clearTimeout(this.again);
    for (;;) {
      const batch = this.batch();
      if (batch.length === 0) {
        // Another page of this device has sent it.
        if (this.state?.dataset.tone === 'warn') this.saved();
        return true;
      }
      const slow = setTimeout(() => this.say(this.dataset.saving), SLOW);
      let answer;
      try {
        answer = await this.post(batch);
      } catch {
        answer = null;
      } finally {
        clearTimeout(slow);
      }
      if (!answer || answer.status >= 500 || PASSES.includes(answer.status)) return this.wait();
      if (answer.status === 413 && batch.length > 1) {
        this.most = Math.floor(batch.length / 2);
        continue;
      }
      if (answer.status === 401) {
        const watch = document.querySelector('ruh-session-watch');
        if (!watch) return this.handedBack();
        // And then it says anew how long ago it was typed.
        await watch.signInAgain();
        continue;
      }
      if (!answer.ok) return this.refused(answer);
      this.tries = 0;
      let results;
      try {
        ({ answers: results } = await answer.json());
      } catch {
        return this.wait();
      }
      this.kept.drop(batch);
      for (const entry of batch) this.arrived(entry, results[entry.question] ?? {});
      this.saved();
    }
  }

  /** Answers of one page at a time: a request says which page it was. */
  batch(bytes = BATCH) {
    const all = this.waiting();
    const batch = [];
    let size = 0;
    for (const entry of all) {
      size += this.body([entry]).toString().length;
      if (batch.length > 0 && (entry.sitting !== all[0].sitting || batch.length >= this.most || size > bytes)) break;
      batch.push(entry);
    }
    return batch;
  }

  body(batch) {
    const body = new URLSearchParams({ sitting: batch[0].sitting });
    // What this page shows: what was left behind by another stands in its fields.
    const version = this.page?.elements.version;
    if (version) body.append('version', version.value);
    for (const { question, fields, at } of batch) {
      body.append('question', question);
      body.append('ago', String(Math.max(0, Date.now() - at)));
      for (const [name, value] of fields) body.append(name, value);
    }
    return body;
  }

  post(batch) {
    return fetchOnce(this.dataset.save, { method: 'POST', body: this.body(batch), headers: HEADERS, signal: AbortSignal.timeout(PATIENCE) });
  }

  wait() {
    this.say(this.dataset.kept, 'warn');
    this.again = setTimeout(() => this.send(), AGAIN[Math.min(this.tries, AGAIN.length - 1)]);
    this.tries += 1;
    return false;
  }

  /** Handed in elsewhere, or taken back: nothing can be saved now. What waits stays: the form may be opened again. */
  async refused(answer) {
    const { detail } = await answer.json().catch(() => ({}));
    this.say(detail || this.dataset.closed, 'bad');
    return false;
  }

  /** The device is handed over no more: the page that comes says so, and forgets what waits. */
  handedBack() {
    this.going = true;
    location.reload();
    return false;
  }

  arrived(entry, { error, newer }) {
    const asked = this.asked(entry.question);
    if (!asked) return;
    // Typed anew meanwhile: that is still to come.
    if (this.waiting().some((other) => other.question === entry.question)) return;
    if (newer) this.showNewer(asked, newer);
    this.complain(asked, error ?? '', newer ? this.dataset.elsewhere : '');
  }

  showNewer(asked, { values, own }) {
    const name = `q-${asked.dataset.question}`;
    const fields = values.map((value) => [name, value]);
    this.restore({ question: asked.dataset.question, fields: [...fields, [`${name}-own`, own], [`${name}-drawn`, own]] });
    asked.lastSaid = JSON.stringify(this.fields(asked));
    this.refresh();
  }

  complain(asked, error, note = '') {
    const { question } = asked.dataset;
    const said = asked.querySelector('[data-error]');
    said.textContent = error;
    if (error) this.invalid.add(question);
    else this.invalid.delete(question);
    if (error) asked.dataset.invalid = 'true';
    else delete asked.dataset.invalid;
    for (const field of asked.querySelectorAll('[name]:not([type="hidden"])')) {
      if (error) field.setAttribute('aria-invalid', 'true');
      else field.removeAttribute('aria-invalid');
    }
    let beside = asked.querySelector('[data-newer]');
    if (!beside && !note) return;
    if (!beside) {
      beside = document.createElement('p');
      Object.assign(beside, { className: 'newer' });
      beside.setAttribute('role', 'status');
      beside.dataset.newer = '';
      asked.append(beside);
    }
    beside.textContent = note;
  }

  saved() {
    const time = new Date().toLocaleTimeString([], { hour: 'numeric', minute: '2-digit' });
    this.say(this.dataset.saved.replace('{time}', time), 'good');
    if (this.dataset.check !== undefined) {
      // What is looked at here has just changed.
      this.going = true;
      location.reload();
    } else if (this.wanted && this.waiting().length === 0) this.go(this.wanted);
  }

  say(text, tone = '') {
    if (!this.state) return;
    if (this.state.textContent !== text) this.state.textContent = text;
    this.state.dataset.tone = tone;
  }

  async submit(event) {
    if (this.going) return;
    event.preventDefault();
    const button = event.submitter ?? this.page.querySelector('.fill-actions button');
    const busy = setTimeout(() => button.setAttribute('aria-busy', 'true'), 100);
    const all = await this.send();
    // A form that is being sent cannot be sent: this sending has to end first.
    await new Promise((ended) => { setTimeout(ended); });
    clearTimeout(busy);
    button.removeAttribute('aria-busy');
    // Without a connection it goes on by itself once there is one.
    this.wanted = all ? null : button;
    if (all) this.go(button);
  }

  /** What is saved is not sent once more: another device may have typed something later. */
  go(button) {
    if (this.going) return;
    const all = [...this.paper.querySelectorAll('.asked')].map((asked) => asked.dataset.question);
    const open = new Set([...this.invalid, ...this.waiting().map((entry) => entry.question)]);
    this.page.elements.saved.value = all.filter((question) => !open.has(question)).join(' ');
    this.going = true;
    this.page.requestSubmit(button);
  }

  readyCheck() {
    const send = this.querySelector('form[data-send]');
    send?.addEventListener('submit', (event) => {
      if (this.waiting().length === 0) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      this.send();
    }, true);
    this.send();
    return undefined;
  }

  /** The page goes: what has not been sent is sent without waiting for the answer, and stays kept. */
  leave() {
    const batch = this.batch(LAST);
    if (batch.length === 0 || this.sending) return;
    fetchOnce(this.dataset.save, { method: 'POST', body: this.body(batch), headers: HEADERS, keepalive: true }).catch(() => {});
  }

  /** A device that was handed over: nobody finds it open later. */
  watchDesk() {
    let last = Date.now();
    const touched = () => { last = Date.now(); };
    for (const kind of ['keydown', 'pointerdown', 'input']) document.addEventListener(kind, touched, { capture: true, passive: true });
    setInterval(() => {
      if (Date.now() - last < DESK_IDLE) return;
      this.kept.clear();
      this.going = true;
      location.replace('/hand-over');
    }, 5_000);
  }
}
customElements.define('ruh-filling', Filling);

// Whoever leaves takes along what waits: nobody after them has any business with it.
document.addEventListener('submit', (event) => {
  const path = new URL(event.target.action, location.href).pathname;
  if (path !== '/sign-out' && path !== '/hand-over/finish') return;
  document.querySelector('ruh-filling')?.leave?.();
  forgetAll();
});
if (document.querySelector('[data-handed-back]')) forgetAll();
