// <ruh-select>: marks rows of a list, and shows what can be done with them. Without script the boxes and the bar are a
// plain form.
class Select extends HTMLElement {
  connectedCallback() {
    this.addEventListener('change', (event) => this.changed(event.target));
    this.addEventListener('click', (event) => {
      if (event.target.closest('[data-clear]')) this.clear();
    });
    this.update();
  }

  get boxes() {
    return [...this.querySelectorAll('tbody input[name="id"]')];
  }

  /** Two boxes mark the whole page: one in the table's head, and one above the cards of a phone. */
  get pages() {
    return [...this.querySelectorAll('[data-page]')];
  }

  get all() {
    return this.querySelector('input[name="all"]');
  }

  changed(input) {
    if (input.matches('[data-page]')) this.mark(input.checked);
    // Whoever takes one of all away means this page's others.
    if (input.name === 'id' && !input.checked && this.all) this.all.checked = false;
    this.update();
  }

  mark(checked) {
    for (const box of this.boxes) box.checked = checked;
    if (!checked && this.all) this.all.checked = false;
    this.update();
  }

  clear() {
    this.mark(false);
    // The bar goes away, and the focus with it.
    this.pages.find((page) => page.checkVisibility())?.focus();
  }

  update() {
    const bar = this.querySelector('.select-bar');
    if (!bar) return;
    const chosen = this.boxes.filter((box) => box.checked).length;
    const whole = chosen > 0 && chosen === this.boxes.length;
    for (const page of this.pages) {
      page.checked = whole;
      page.indeterminate = chosen > 0 && !whole;
    }
    bar.toggleAttribute('data-on', chosen > 0);
    const offer = this.querySelector('[data-all]');
    if (offer) offer.hidden = !whole;
    const said = bar.querySelector('[data-count-of]');
    const text = this.all?.checked ? `${said.dataset.countOf} selected` : `${chosen} selected`;
    if (said.textContent !== text) said.textContent = text;
  }
}
customElements.define('ruh-select', Select);

// A page that comes back from the browser's memory has its boxes as they were.
addEventListener('pageshow', () => document.querySelector('ruh-select')?.update?.());
