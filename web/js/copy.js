// <ruh-copy>: copies the exact text it shows, and says so.
import { say } from './say.js';

class Copy extends HTMLElement {
  connectedCallback() {
    this.addEventListener('click', (event) => {
      if (event.target.closest('button')) this.copy();
    });
  }

  async copy() {
    const source = this.querySelector('code, input');
    const text = this.dataset.text ?? source?.value ?? source?.textContent ?? '';
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // No leave to write (an address without TLS): the old way still works after a press.
      const area = Object.assign(document.createElement('textarea'), { value: text, readOnly: true, className: 'sr-only' });
      this.append(area);
      area.select();
      document.execCommand('copy');
      area.remove();
      this.querySelector('button')?.focus();
    }
    const words = document.getElementById('say')?.dataset.copied ?? '';
    this.dataset.done = words;
    say(words);
    setTimeout(() => delete this.dataset.done, 2500);
  }
}
customElements.define('ruh-copy', Copy);
