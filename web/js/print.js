// <ruh-print>: a button that prints the page; without script there is none.
customElements.define('ruh-print', class extends HTMLElement {
  connectedCallback() {
    this.hidden = false;
    this.querySelector('button').addEventListener('click', () => window.print());
  }
});
