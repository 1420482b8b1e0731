// <ruh-session-watch>: knows when the session ends by itself, warns before, and after the end hides the page behind a
// sign-in, so that what was typed is still there afterwards.
import { plainFetch } from './fetch.js';
import { say } from './say.js';

const WARN_SECONDS = 120;
const KEEP_EVERY = 60_000;
const leftText = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;

class SessionWatch extends HTMLElement {
  connectedCallback() {
    this.idle = Number(this.getAttribute('idle-seconds')) * 1000;
    this.warning = this.querySelector('[data-warning]');
    this.door = this.querySelector('[data-renew]');
    this.channel = 'BroadcastChannel' in window ? new BroadcastChannel('ruh-session') : null;
    this.channel?.addEventListener('message', ({ data }) => this.hear(data));
    this.lastKept = Date.now();
    this.active();
    document.addEventListener('ruh:active', () => this.active());
    for (const kind of ['keydown', 'pointerdown', 'input']) {
      document.addEventListener(kind, () => this.touched(), { capture: true, passive: true });
    }
    this.warning.querySelector('[data-stay]').addEventListener('click', () => this.keep());
    this.warning.addEventListener('cancel', (event) => { event.preventDefault(); this.keep(); });
    this.door.addEventListener('cancel', (event) => event.preventDefault());
    // Some browsers close on a second Esc in spite of that.
    this.door.addEventListener('close', () => { if (this.locked) this.door.showModal(); });
    this.door.addEventListener('submit', (event) => this.renew(event));
    // A tab in the background gets no timers: what it missed is seen the moment it is looked at.
    document.addEventListener('visibilitychange', () => this.tick());
    this.clock = setInterval(() => this.tick(), 1000);
  }

  disconnectedCallback() {
    clearInterval(this.clock);
    this.channel?.close();
  }

  tell(kind) {
    this.channel?.postMessage({ kind, who: this.getAttribute('who') });
  }

  hear({ kind, who }) {
    if (kind === 'signed-out') return this.lock();
    if (who !== this.getAttribute('who')) return undefined;
    if (kind === 'active' && !this.locked) this.extend();
    if (kind === 'renewed') this.unlock();
    return undefined;
  }

  active() {
    if (this.locked) return;
    this.extend();
    this.tell('active');
  }

  extend() {
    this.endsAt = Date.now() + this.idle;
    if (this.warning.open) this.warning.close();
  }

  // Typing is being here, although nothing is sent by it.
  touched() {
    if (this.locked || this.warning.open || Date.now() - this.lastKept < KEEP_EVERY) return;
    this.keep();
  }

  async keep() {
    this.lastKept = Date.now();
    try {
      await window.fetch('/session/keep', { method: 'POST' });
    } catch {
      // No connection: the clock runs on and the next touch tries again.
    }
  }

  tick() {
    if (this.locked) return;
    const seconds = Math.ceil((this.endsAt - Date.now()) / 1000);
    if (seconds <= 0) {
      this.lock();
    } else if (seconds <= Math.min(WARN_SECONDS, this.idle / 2000)) {
      this.warn(seconds);
    }
  }

  warn(seconds) {
    if (!this.warning.open) {
      this.warning.showModal();
      say(`${this.dataset.left} ${leftText(seconds)}`, this.warning.querySelector('[data-idle-say]'));
    }
    this.warning.querySelector('.idle-left').textContent = `${this.dataset.left} ${leftText(seconds)}`;
    if (seconds === 60 || seconds === 30 || seconds === 10) {
      say(`${seconds} ${this.dataset.second}`, this.warning.querySelector('[data-idle-say]'));
    }
  }

  /** Opens the door dialog; the promise ends when the person is signed in again. */
  signInAgain() {
    this.lock();
    return this.back;
  }

  lock() {
    if (this.locked) return;
    this.locked = true;
    this.back = new Promise((resolve) => { this.letIn = resolve; });
    if (this.warning.open) this.warning.close();
    this.focused = document.activeElement;
    this.windowTitle = document.title;
    document.title = this.dataset.title;
    document.documentElement.classList.add('locked');
    // Popovers lie over dialogs that were opened before them.
    document.querySelectorAll(':popover-open').forEach((menu) => menu.hidePopover());
    // The form is on the page only while it is needed: a password manager fills it even unseen, and leaves the password
    // on every page that somebody walks away from.
    const form = this.door.querySelector('template');
    form.after(form.content.cloneNode(true));
    this.door.showModal();
    this.door.querySelector('input[type="password"]').focus();
  }

  unlock() {
    if (!this.locked) return;
    this.locked = false;
    document.documentElement.classList.remove('locked');
    document.title = this.windowTitle;
    this.door.querySelector('form').remove();
    this.door.close();
    this.focused?.focus?.();
    this.extend();
    this.letIn();
  }

  complain(text) {
    // Another tab may have opened the door meanwhile.
    const said = this.door.querySelector('#renew-error');
    if (said) said.textContent = text;
  }

  async renew(event) {
    event.preventDefault();
    if (this.renewing) return;
    this.renewing = true;
    const form = event.target;
    const password = form.elements.password.value;
    // Nobody is asked for a code before the password was right.
    const code = form.elements.code.value;
    const button = form.querySelector('.btn');
    const busy = setTimeout(() => button.setAttribute('aria-busy', 'true'), 100);
    try {
      const response = await plainFetch(this.getAttribute('sign-in'), {
        method: 'POST',
        headers: { Accept: 'application/json' },
        body: new URLSearchParams({ password, code }),
      });
      const answer = await response.json();
      if (answer.ok) {
        this.lastKept = Date.now();
        this.unlock();
        this.tell('renewed');
      } else {
        this.complain(answer.message || this.dataset.failed);
        if (answer.code) {
          this.door.querySelector('[data-code]').hidden = false;
          form.elements.code.select();
        } else {
          form.elements.password.select();
        }
      }
    } catch {
      this.complain(this.dataset.failed);
    } finally {
      clearTimeout(busy);
      button.removeAttribute('aria-busy');
      this.renewing = false;
    }
  }
}
customElements.define('ruh-session-watch', SessionWatch);

/** Whoever hands over this device is signed out by it. */
const signsOut = (form) => {
  const path = new URL(form.action, location.href).pathname;
  return path === '/sign-out' || (/^\/clients\/[^/]+\/hand-over$/.test(path) && form.elements.where?.value === 'here');
};

// Other tabs of somebody who signs out must not go on showing the page.
document.addEventListener('submit', (event) => {
  if (!signsOut(event.target)) return;
  document.documentElement.classList.add('leaving');
  document.querySelector('ruh-session-watch')?.tell('signed-out');
});

// Nor those of whoever stood here before the device was handed over.
if (document.querySelector('[data-handed-over]') && 'BroadcastChannel' in window) {
  const channel = new BroadcastChannel('ruh-session');
  channel.postMessage({ kind: 'signed-out' });
  channel.close();
}

// "Sign in as another person" leaves the page for good; nothing to ask any more.
document.addEventListener('click', (event) => {
  if (event.target.closest?.('[data-renew] a')) document.documentElement.classList.add('leaving');
});

// Back after signing out brings a page out of the browser's memory: it is asked for anew.
window.addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});
