// <ruh-toast>: a short message that leaves by itself, with an Undo that is offered exactly as long as it works.
const SECONDS = 7;

class Toast extends HTMLElement {
  connectedCallback() {
    if (this.ready) return;
    this.ready = true;
    this.undo = this.querySelector('form');
    const seconds = Number(this.dataset.seconds) || SECONDS;
    this.endsAt = Date.now() + seconds * 1000;
    this.addLine(seconds);
    this.addClose();
    this.announce();
    this.clock = setInterval(() => this.tick(), 250);
  }

  disconnectedCallback() {
    clearInterval(this.clock);
  }

  // The message of a new page is in place before any reader listens: it is said once more into a live region.
  announce() {
    const text = this.querySelector('p')?.textContent ?? '';
    const region = document.createElement('span');
    region.className = 'sr-only';
    region.setAttribute('role', this.dataset.tone === 'bad' ? 'alert' : 'status');
    this.append(region);
    setTimeout(() => { region.textContent = text; }, 150);
  }

  addLine(seconds) {
    if (!this.undo) return;
    this.left = document.createElement('span');
    this.left.className = 'seconds';
    this.left.setAttribute('aria-hidden', 'true');
    this.undo.querySelector('button').append(this.left);
    const line = document.createElement('span');
    line.className = 'left';
    line.style.animationDuration = `${seconds}s`;
    this.append(line);
    this.tick();
  }

  addClose() {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'close';
    button.setAttribute('aria-label', document.getElementById('toasts')?.dataset.close ?? '');
    button.innerHTML = '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="m6.5 6.5 11 11M17.5 6.5l-11 11"/></svg>';
    button.addEventListener('click', () => this.remove());
    this.append(button);
  }

  tick() {
    const left = this.endsAt - Date.now();
    if (this.left) this.left.textContent = left > 0 ? Math.ceil(left / 1000) : '';
    const held = this.matches(':hover') || this.contains(document.activeElement);
    if (this.undo) {
      // The server's clock does not wait: the button goes when it would no longer work, the message may stay.
      if (left > 0) return;
      if (this.undo.isConnected && !this.undo.querySelector('[aria-busy]')) this.undo.remove();
      if (!held) this.remove();
    } else if (held) {
      this.endsAt = Math.max(this.endsAt, Date.now() + 2000);
    } else if (left <= 0) {
      this.remove();
    }
  }
}
customElements.define('ruh-toast', Toast);

/** Shows a message; over an open dialog inside of it, since all else is inert. */
export function toast(text, { tone } = {}) {
  if (!text) return;
  const element = document.createElement('ruh-toast');
  element.className = 'toast';
  if (tone) element.dataset.tone = tone;
  const line = document.createElement('p');
  line.textContent = text;
  element.append(line);
  const open = [...document.querySelectorAll('dialog:modal')].at(-1);
  let place = document.getElementById('toasts');
  if (open) {
    place = open.querySelector(':scope > .toasts') ?? open.appendChild(Object.assign(document.createElement('div'), { className: 'toasts' }));
  }
  place?.append(element);
}

document.addEventListener('ruh:toast', (event) => toast(event.detail.text ?? event.detail.value, event.detail));
