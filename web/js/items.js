// <ruh-items>: a list whose entries are dragged by a handle; the buttons that move one keep the focus. Without script the
// buttons are plain forms.
import { say } from './say.js';

const EDGE = 80;
/** What was moved last, and by which button: a list that is drawn anew goes on from there. */
let moved;

/**
 * Puts an entry before another, or behind all, by moving the others past it: what is taken out of the page for a moment
 * loses the pointer that holds it.
 */
function put(entry, before) {
  const list = entry.parentElement;
  const isBehind = !before || entry.compareDocumentPosition(before) & Node.DOCUMENT_POSITION_FOLLOWING;
  while (entry.nextElementSibling !== before) {
    if (isBehind) list.insertBefore(entry.nextElementSibling, entry);
    else list.insertBefore(entry.previousElementSibling, entry.nextElementSibling);
  }
}

class Items extends HTMLElement {
  connectedCallback() {
    this.addEventListener('pointerdown', (event) => this.lift(event));
    this.addEventListener('submit', (event) => this.remember(event), true);
    document.addEventListener('htmx:after:swap', () => this.arrived());
    document.addEventListener('htmx:finally:request', () => this.settle());
  }

  /** Which entry was moved, and by what: there the focus goes on. */
  remember(event) {
    const entry = event.submitter?.closest('[data-item]');
    if (entry) moved = { item: entry.dataset.item, way: event.submitter.dataset.way };
  }

  entry(item) {
    return [...this.querySelectorAll('[data-item]')].find((one) => one.dataset.item === item);
  }

  arrived() {
    if (!moved) return;
    const { item, way } = moved;
    moved = undefined;
    this.dragged = undefined;
    const entry = this.entry(item);
    if (!entry) return;
    const buttons = [...entry.querySelectorAll('button[data-way]:not(:disabled)')];
    // At the end of the list the button is off: the other way is still open.
    const button = way ? buttons.find((one) => one.dataset.way === way) ?? buttons[0] : undefined;
    (button ?? entry).focus({ preventScroll: true });
    entry.scrollIntoView({ block: 'nearest' });
    entry.classList.add('placed');
    const says = this.querySelector('[data-says]')?.dataset.says;
    if (says) say(says);
  }

  /** What was refused goes back to where it was. */
  settle() {
    if (!this.dragged) return;
    const { entry, next } = this.dragged;
    this.dragged = undefined;
    if (entry.isConnected) put(entry, next);
  }

  lift(event) {
    const handle = event.target.closest('[data-handle]');
    if (!handle || event.button !== 0 || this.lifted) return;
    event.preventDefault();
    const entry = handle.closest('[data-item]');
    const held = { entry, handle, next: entry.nextElementSibling, ended: new AbortController() };
    this.lifted = held;
    handle.setPointerCapture(event.pointerId);
    entry.classList.add('lifted');
    const { signal } = held.ended;
    handle.addEventListener('pointermove', (moved) => this.drag(moved.clientY), { signal });
    handle.addEventListener('pointerup', () => this.drop(true), { signal });
    handle.addEventListener('pointercancel', () => this.drop(false), { signal });
    document.addEventListener('keydown', (key) => {
      if (key.key !== 'Escape') return;
      key.preventDefault();
      this.drop(false);
    }, { signal, capture: true });
  }

  drag(y) {
    const { entry } = this.lifted;
    if (y < EDGE) scrollBy(0, -12);
    else if (y > innerHeight - EDGE) scrollBy(0, 12);
    const others = [...entry.parentElement.children].filter((one) => one !== entry);
    const middle = (one) => { const box = one.getBoundingClientRect(); return box.top + box.height / 2; };
    const next = others.find((one) => y < middle(one)) ?? null;
    put(entry, next);
  }

  drop(kept) {
    const { entry, next, ended } = this.lifted;
    this.lifted = undefined;
    ended.abort();
    entry.classList.remove('lifted');
    if (!kept) {
      put(entry, next);
      return;
    }
    if (entry.nextElementSibling === next) return;
    const form = this.querySelector('form.item-place');
    // Without such a form the order is sent with the rest.
    if (!form) return;
    moved = { item: entry.dataset.item };
    this.dragged = { entry, next };
    // Not by form.elements, which has an item() of its own.
    form.querySelector('[name="item"]').value = entry.dataset.item;
    form.querySelector('[name="before"]').value = entry.nextElementSibling?.dataset.item ?? '';
    form.requestSubmit();
  }
}
customElements.define('ruh-items', Items);

// Where an address names an item, that is where one goes on.
const here = location.hash.startsWith('#item-') && document.getElementById(decodeURIComponent(location.hash.slice(1)));
if (here) {
  here.focus({ preventScroll: true });
  here.scrollIntoView({ block: 'center' });
}
