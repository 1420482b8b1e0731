// <ruh-preview>: questions come and go with the answers, as they do for a client; nothing is sent anywhere.
// <ruh-text-file>: puts what is in a chosen file into the field beside it.
import { applyRules } from './filling-rules.js';

customElements.define('ruh-preview', class extends HTMLElement {
  connectedCallback() {
    const update = () => {
      const paper = this.querySelector('[data-paper]');
      if (paper) applyRules(paper);
    };
    for (const kind of ['input', 'change', 'ruh:answered']) this.addEventListener(kind, update);
    // What a page kept through Back counts too.
    window.addEventListener('pageshow', update);
  }
});

customElements.define('ruh-text-file', class extends HTMLElement {
  connectedCallback() {
    const input = this.querySelector('input[type="file"]');
    input.addEventListener('change', async () => {
      const [file] = input.files;
      const field = document.getElementById(this.dataset.into);
      if (!file || !field) return;
      const text = await file.text();
      // Without the spaces between its parts it is half as long on the way.
      try {
        field.value = JSON.stringify(JSON.parse(text));
      } catch {
        field.value = text;
      }
      field.dispatchEvent(new Event('input', { bubbles: true }));
    });
  }
});
