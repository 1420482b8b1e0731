// Chat. <ruh-unseen> in the navigation holds the page's one stream: how much is unread, in the navigation and in the
// title, and what happens in the conversation on the page, <ruh-chat>. What is typed while there is no connection waits
// on the page, in order, and is sent with an id of its own: sent again after a lost answer it is the same message.
import { say } from './say.js';

const AGAIN = [1_000, 2_000, 4_000, 8_000];
const TYPING_EVERY = 3_000;
const TYPING_FOR = 5_000;

class Unseen extends HTMLElement {
  connectedCallback() {
    if (!this.dataset.stream) return;
    this.title = document.title;
    this.onLook = () => this.look();
    document.addEventListener('visibilitychange', this.onLook);
    document.addEventListener('ruh:active', this.onLook);
    window.addEventListener('online', this.onLook);
    window.addEventListener('pagehide', () => this.close());
    this.look();
  }

  disconnectedCallback() {
    this.close();
    document.removeEventListener('visibilitychange', this.onLook);
    document.removeEventListener('ruh:active', this.onLook);
    window.removeEventListener('online', this.onLook);
  }

  // A tab that nobody looks at holds no stream: browsers give a host few connections.
  look() {
    if (document.hidden) this.close();
    else if (!this.source || this.source.readyState === EventSource.CLOSED) this.open();
  }

  close() {
    clearTimeout(this.later);
    this.source?.close();
    this.source = null;
  }

  open() {
    this.close();
    const found = document.querySelector('ruh-chat');
    const chat = found?.lost ? null : found;
    const address = new URL(this.dataset.stream, location.href);
    if (chat) {
      address.searchParams.set('conversation', chat.id_());
      address.searchParams.set('after', chat.last);
    }
    this.source = new EventSource(address);
    const hear = (kind, then) => this.source.addEventListener(kind, (event) => then(JSON.parse(event.data), event));
    hear('unseen', ({ unseen }) => this.show(unseen));
    hear('gone', () => { this.close(); chat?.gone(); });
    this.source.addEventListener('open', () => chat?.connected());
    this.source.addEventListener('error', () => {
      // The browser tries again by itself, unless it was refused.
      if (this.source?.readyState === EventSource.CLOSED) this.later = setTimeout(() => this.look(), 10_000);
    });
    if (!chat) return;
    hear('message', (data, event) => { chat.take(data); chat.last = Number(event.lastEventId) || chat.last; });
    hear('receipts', (data) => chat.receipts(data));
    hear('typing', () => chat.typing());
  }

  show(count) {
    this.hidden = count === 0;
    this.textContent = count > 99 ? '99+' : String(count);
    this.setAttribute('aria-label', `${count} ${this.dataset.said}`);
    const locked = document.documentElement.classList.contains('locked');
    if (!locked) document.title = count > 0 ? `(${this.textContent}) ${this.title}` : this.title;
    if (this.count !== undefined && this.count !== count) document.dispatchEvent(new CustomEvent('ruh:unseen'));
    this.count = count;
  }
}

class Chat extends HTMLElement {
  connectedCallback() {
    this.last = Number(this.dataset.last);
    this.scroller = this.querySelector('.thread-scroll');
    this.list = this.querySelector('.messages');
    this.form = this.querySelector('.composer');
    this.queue = [];
    this.past = this.dataset.past !== undefined;
    this.asked = this.dataset.why;
    this.standing = 0;
    this.toNew();
    for (const message of this.list.children) dress(message);
    this.scroller.addEventListener('click', (event) => this.older(event));
    this.scroller.addEventListener('scroll', () => this.seeAll(), { passive: true });
    this.onSight = () => this.seeAll();
    document.addEventListener('visibilitychange', this.onSight);
    this.seeAll();
    if (this.form) this.compose();
  }

  disconnectedCallback() {
    document.removeEventListener('visibilitychange', this.onSight);
  }

  compose() {
    this.field = this.form.elements.body;
    this.form.removeAttribute('data-once');
    this.form.addEventListener('submit', (event) => this.submit(event));
    this.field.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing || this.field.readOnly) return;
      event.preventDefault();
      this.form.requestSubmit(this.form.querySelector('.compose-row .btn'));
    });
    this.field.addEventListener('input', () => { this.grow(); this.type(); });
    this.form.addEventListener('click', (event) => this.reply(event));
    this.form.elements.file.addEventListener('change', () => this.chosen());
    window.addEventListener('online', () => this.work());
    window.addEventListener('beforeunload', (event) => {
      const leaving = document.documentElement.classList.contains('leaving');
      if ((this.queue.length > 0 || (this.lost && this.field?.value)) && !leaving) event.preventDefault();
    });
    this.grow();
  }

  id_() {
    return this.dataset.post.split('/').at(-2);
  }

  grow() {
    this.field.style.height = 'auto';
    this.field.style.height = `${Math.min(this.field.scrollHeight + 2, 240)}px`;
  }

  atEnd() {
    return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight < 80;
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  // To what was not read yet, or to the end.
  toNew() {
    const line = this.list.querySelector('.new-line');
    if (!line) { this.toEnd(); return; }
    this.toEnd();
    const above = line.getBoundingClientRect().top - this.scroller.getBoundingClientRect().top;
    if (above < 0) this.scroller.scrollTop += above - 12;
  }

  // Older messages come above what is read, which stays where it is.
  async older(event) {
    const link = event.target.closest('[data-older]');
    if (!link) return;
    event.preventDefault();
    if (this.loading) return;
    this.loading = true;
    link.setAttribute('aria-busy', 'true');
    try {
      const answer = await window.fetch(link.href, { headers: { 'HX-Request': 'true', Accept: 'text/html' } });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const before = this.scroller.scrollHeight - this.scroller.scrollTop;
      const found = [...page.querySelectorAll('.messages > li')].filter((one) => !document.getElementById(one.id));
      found.forEach(dress);
      this.list.prepend(...found);
      const next = page.querySelector('[data-older]');
      if (next) link.href = next.getAttribute('href');
      else link.closest('.older').remove();
      this.scroller.scrollTop = this.scroller.scrollHeight - before;
      found.at(-1)?.focus?.();
    } catch {
      // No connection: the link is there for another press.
    } finally {
      this.loading = false;
      link.removeAttribute('aria-busy');
    }
  }

  /** A message that came, new or changed. */
  take({ id, given, seq, mine, name, html }) {
    const end = this.atEnd();
    const one = element(html);
    dress(one);
    // One's own that was not answered yet is known by the name that this device gave it; names of others are theirs.
    const waiting = mine ? this.list.querySelector(`.mine[data-pending][data-given="${given}"]`) : null;
    const old = document.getElementById(`m-${id}`) ?? waiting;
    // What changed in messages that are not on the page is there when they are; on a page of the past so is what is new.
    const first = this.list.querySelector('[data-seq]');
    const isAbove = this.querySelector('[data-older]') && (!first || seq < Number(first.dataset.seq));
    const isNew = seq > this.newest();
    if (!old && (isAbove || (isNew && this.past))) return;
    if (old) {
      old.replaceWith(one);
    } else {
      // In the order of the conversation, whatever order things arrive in.
      const after = [...this.list.children].find((other) => Number(other.dataset.seq || Infinity) > seq);
      this.list.insertBefore(one, after ?? null);
      this.querySelector('.thread-scroll > .chat-none')?.remove();
      if (!mine && isNew) this.announce(`${this.dataset.new} ${name}`);
    }
    if (mine) this.arrived(given);
    this.state();
    if (isNew && (end || mine)) this.toEnd();
    this.seeAll();
  }

  newest() {
    return Math.max(0, ...[...this.list.querySelectorAll('[data-seq]')].map((one) => Number(one.dataset.seq)));
  }

  announce(text) {
    this.querySelector('[data-typing-line]').hidden = true;
    say(text, this.querySelector('[data-announce]'));
  }

  // What is on the screen is read: the page itself was asked for by an address, which says nothing of who looks.
  seeAll() {
    clearTimeout(this.seeing);
    if (this.past || this.lost || document.hidden) return;
    this.seeing = setTimeout(() => this.see(), 150);
  }

  async see() {
    const below = this.scroller.getBoundingClientRect().bottom;
    const seen = [...this.list.querySelectorAll('[data-seq]:not(.mine)')]
      .findLast((one) => one.getBoundingClientRect().top < below - 8);
    const seq = Number(seen?.dataset.seq ?? 0);
    // What was not taken is said again with the next look.
    if (seq > (this.seen ?? 0) && await this.post(this.dataset.see, { up_to: String(seq) })) this.seen = seq;
  }

  // Says something that is no sign that somebody is there. False: it did not arrive.
  async post(address, fields) {
    try {
      const answer = await window.fetch(address, { method: 'POST', headers: { 'Ruh-Quiet': '1' }, body: new URLSearchParams(fields) });
      return answer.ok;
    } catch {
      return false;
    }
  }

  receipts(data) {
    this.known = data;
    const lead = this.querySelector('[data-lead]');
    if (lead.textContent !== data.lead) lead.textContent = data.lead;
    lead.hidden = !data.lead;
    if (data.why !== this.asked) {
      this.asked = data.why;
      // What was asked before is not waited for.
      this.standing += 1;
      if (data.why !== this.dataset.why) this.stand(data.why);
    }
    this.state();
  }

  // Whether one can write here has changed: the page says so, and what was typed stays.
  async stand(why, again = true) {
    this.standing += 1;
    const turn = this.standing;
    const own = this.dataset.post.replace(/\/messages$/, '');
    let fresh;
    try {
      const answer = await window.fetch(own, { headers: { 'HX-Request': 'true', Accept: 'text/html', 'Ruh-Quiet': '1' } });
      const page = new DOMParser().parseFromString(answer.ok ? await answer.text() : '', 'text/html');
      fresh = page.querySelector('ruh-chat');
    } catch {
      fresh = null;
    }
    // Somebody asked later, or it is not theirs any more.
    if (this.lost || turn !== this.standing) return;
    if (!fresh) {
      if (again) setTimeout(() => this.stand(why, false), AGAIN[1]);
      return;
    }
    this.dataset.why = why;
    this.querySelector('.crisis')?.remove();
    const crisis = fresh.querySelector('.crisis');
    if (crisis) this.querySelector('[data-announce]').after(crisis);
    this.querySelector('.thread-actions').replaceWith(fresh.querySelector('.thread-actions'));
    this.querySelector('.thread-closed')?.remove();
    const closed = fresh.querySelector('.thread-closed');
    if (closed) {
      this.stop(closed);
    } else if (this.form) {
      this.field.readOnly = false;
      for (const one of this.form.querySelectorAll('[inert]')) one.inert = false;
      this.work();
    } else {
      this.form = fresh.querySelector('.composer');
      this.append(this.form);
      this.compose();
    }
  }

  // Nobody writes here any more. What was typed stays to be read and copied; an empty field goes.
  stop(note) {
    const end = this.atEnd();
    if (this.form && (this.field.value || this.queue.length > 0)) {
      this.field.readOnly = true;
      for (const one of this.form.querySelectorAll('button, input, details')) one.inert = true;
      this.form.before(note);
    } else {
      this.form?.remove();
      this.form = null;
      this.append(note);
    }
    say(note.textContent, this.querySelector('[data-announce]'));
    if (end) this.toEnd();
  }

  /** Under each message of one's own: sent, delivered, or read by whom. */
  state() {
    if (!this.known) return;
    for (const one of this.list.querySelectorAll('.mine[data-seq]')) {
      const seq = Number(one.dataset.seq);
      const said = one.querySelector('.state');
      if (!said || one.dataset.pending !== undefined) continue;
      const readers = this.known.read.filter((reader) => reader.seen >= seq).map((reader) => reader.name);
      const arrived = this.known.delivered >= seq ? this.dataset.delivered : this.dataset.sent;
      const text = readers.length > 0 ? `${this.dataset.read} ${readers.join(', ')}` : arrived;
      if (said.textContent !== text) said.textContent = text;
    }
  }

  type() {
    if (Date.now() - (this.typed ?? 0) < TYPING_EVERY || !this.field.value) return;
    this.typed = Date.now();
    this.post(this.dataset.typing, {});
  }

  typing() {
    const line = this.querySelector('[data-typing-line]');
    line.textContent = this.dataset.types;
    line.hidden = false;
    if (this.atEnd()) this.toEnd();
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => { line.hidden = true; }, TYPING_FOR);
  }

  reply(event) {
    const { reply } = event.target.dataset;
    if (reply === undefined) return;
    this.field.value = this.field.value ? `${this.field.value}\n${reply}` : reply;
    event.target.closest('details').open = false;
    this.field.focus();
    this.grow();
  }

  chosen() {
    this.querySelector('[data-chosen]').textContent = this.form.elements.file.files[0]?.name ?? '';
  }

  submit(event) {
    if (event.submitter?.hasAttribute('formaction')) return;
    event.preventDefault();
    const body = this.field.value.trim();
    const file = this.form.elements.file.files[0];
    if (!body && !file) { this.field.focus(); return; }
    const given = this.form.elements.given_id.value;
    this.form.elements.given_id.value = newId();
    const one = this.pending(given, body, file);
    this.queue.push({ given, body, file, one, tries: 0 });
    this.form.elements.file.value = '';
    this.chosen();
    this.field.value = '';
    this.grow();
    this.toEnd();
    this.work();
  }

  pending(given, body, file) {
    const one = document.createElement('li');
    one.className = 'message mine';
    one.dataset.given = given;
    one.dataset.pending = '';
    const add = (parent, name, className, text) => {
      const made = document.createElement(name);
      made.className = className;
      if (text) made.textContent = text;
      parent.append(made);
      return made;
    };
    add(one, 'p', 'by', this.dataset.you);
    const bubble = add(one, 'div', 'bubble', '');
    if (body) add(bubble, 'p', 'body', body).dir = 'auto';
    if (file) add(bubble, 'p', 'file', file.name);
    add(add(one, 'p', 'under', ''), 'span', 'state', this.dataset.sending);
    this.querySelector('.thread-scroll > .chat-none')?.remove();
    this.list.append(one);
    return one;
  }

  said(waiting, text) {
    waiting.one.querySelector('.state').textContent = text;
  }

  // One after the other: what was typed first is there first.
  async work() {
    if (this.working) return;
    this.working = true;
    clearTimeout(this.retry);
    while (this.queue.length > 0) {
      const next = this.queue[0];
      if (next.refused) break;
      this.said(next, this.dataset.sending);
      const outcome = await this.send(next);
      if (outcome === 'later') {
        this.queue.forEach((waiting) => this.said(waiting, this.dataset.waits));
        this.retry = setTimeout(() => this.work(), next.wait ?? AGAIN[Math.min(next.tries, AGAIN.length - 1)]);
        next.tries += 1;
        break;
      }
      if (outcome === 'refused') break;
    }
    this.working = false;
  }

  async send(next) {
    const body = new FormData();
    body.set('given_id', next.given);
    body.set('body', next.body);
    if (next.file) body.set('file', next.file);
    next.wait = undefined;
    let answer;
    try {
      answer = await window.fetch(this.dataset.post, { method: 'POST', headers: { 'HX-Request': 'true', Accept: 'text/html' }, body });
    } catch {
      return 'later';
    }
    if (answer.status === 201) {
      const one = element(await answer.text());
      dress(one);
      const known = document.getElementById(one.id);
      if (known) { if (known !== next.one) next.one.remove(); } else next.one.replaceWith(one);
      this.arrived(next.given);
      this.state();
      return 'sent';
    }
    if (answer.status === 429 || answer.status >= 500) {
      next.wait = Number(answer.headers.get('Retry-After')) * 1000 || undefined;
      return 'later';
    }
    const problem = await answer.json().catch(() => ({}));
    // The browser put back an id that was used before: this is another message.
    if (problem.errors?.some((error) => error.field === 'given_id')) {
      next.given = newId();
      next.one.dataset.given = next.given;
      next.wait = 1;
      return 'later';
    }
    this.refuse(next, problem.errors?.[0]?.message || problem.detail || this.dataset.failed);
    return 'refused';
  }

  arrived(given) {
    this.queue = this.queue.filter((waiting) => waiting.given !== given);
  }

  refuse(next, why) {
    next.refused = true;
    const under = next.one.querySelector('.under');
    this.said(next, `${this.dataset.failed}: ${why}`);
    under.classList.add('bad');
    const button = (text, then) => {
      const made = document.createElement('button');
      made.type = 'button';
      made.className = 'link-button';
      made.textContent = text;
      made.addEventListener('click', then);
      under.append(made);
    };
    button(this.dataset.again, () => {
      next.refused = false;
      under.querySelectorAll('button').forEach((one) => one.remove());
      under.classList.remove('bad');
      this.work();
    });
    button(this.dataset.drop, () => { this.arrived(next.given); next.one.remove(); this.work(); });
    say(`${this.dataset.failed}: ${why}`, this.querySelector('[data-announce]'));
  }

  connected() {
    if (this.form) this.work();
    this.seeAll();
  }

  // It is not theirs any more: nothing of it stays on the screen but what they were typing.
  lose() {
    const list = this.dataset.post.replace(/\/[^/]+\/messages$/, '');
    if (!this.field?.value && this.queue.length === 0) { location.assign(list); return; }
    this.lost = true;
    this.scroller.replaceChildren();
    this.querySelector('.thread-closed')?.remove();
    this.querySelector('.thread-actions').replaceChildren();
    this.querySelector('[data-lead]').textContent = '';
    Object.assign(this.querySelector('#thread-title'), { textContent: this.dataset.title });
    const waiting = this.queue.map((one) => one.body).join('\n\n');
    if (waiting) this.field.value = [waiting, this.field.value].filter(Boolean).join('\n\n');
    this.queue = [];
    this.grow();
    const note = document.createElement('p');
    note.className = 'thread-closed';
    note.textContent = this.dataset.left;
    this.stop(note);
    // How much is unread elsewhere goes on being told.
    document.querySelector('ruh-unseen')?.look();
  }

  // The session has ended, or the conversation is no longer one's own: the page says which.
  gone() {
    window.fetch(location.href, { headers: { 'Ruh-Quiet': '1', 'HX-Request': 'true' } }).then((answer) => {
      if (answer.status === 404) this.lose();
      else document.querySelector('ruh-unseen')?.look();
    }).catch(() => {});
  }
}

function element(html) {
  const frame = document.createElement('template');
  frame.innerHTML = html.trim();
  return frame.content.querySelector('li');
}

function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Only where the page came neither by https nor from this machine.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

// An address in a message is text until it is pressed: first it shows where it leads, and only then does it lead there.
function dress(message) {
  for (const body of message.querySelectorAll('.body')) {
    const parts = body.textContent.split(/(https?:\/\/[^\s<>"']+)/);
    if (parts.length === 1) continue;
    body.replaceChildren(...parts.map((part, at) => {
      if (at % 2 === 0) return document.createTextNode(part);
      // A link that leads nowhere yet.
      const text = document.createElement('a');
      text.className = 'address';
      text.role = 'link';
      text.tabIndex = 0;
      text.textContent = part;
      const press = () => text.replaceWith(leads(part));
      text.addEventListener('click', press);
      text.addEventListener('keydown', (event) => { if (event.key === 'Enter') press(); });
      return text;
    }));
  }
}

function leads(address) {
  const link = document.createElement('a');
  const chat = document.querySelector('ruh-chat');
  link.href = address;
  link.target = '_blank';
  link.rel = 'noopener noreferrer nofollow';
  link.className = 'address';
  link.textContent = address;
  link.title = chat?.dataset.openLink ?? '';
  setTimeout(() => link.focus(), 0);
  return link;
}

// The list beside a conversation, when something in it has changed.
document.addEventListener('ruh:unseen', async () => {
  const list = document.getElementById('chat-list');
  if (!list || new URLSearchParams(location.search).has('cursor')) return;
  const base = list.querySelector('form').getAttribute('action').replace(/\/search$/, '');
  const archive = new URLSearchParams(location.search).get('show') === 'archive' ? '?show=archive' : '';
  try {
    const answer = await window.fetch(base + archive, { headers: { 'HX-Request': 'true', 'Ruh-Quiet': '1' } });
    if (!answer.ok || list.contains(document.activeElement)) return;
    const frame = document.createElement('template');
    frame.innerHTML = await answer.text();
    const here = location.pathname;
    const fresh = frame.content.querySelector('#chat-list');
    fresh.querySelectorAll('.conversations a').forEach((link) => {
      if (link.getAttribute('href') === here) link.setAttribute('aria-current', 'page');
    });
    list.replaceWith(fresh);
  } catch {
    // With the next change.
  }
});

customElements.define('ruh-chat', Chat);
customElements.define('ruh-unseen', Unseen);
