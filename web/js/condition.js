// <ruh-condition>: a row of a rule. The answer is chosen from those that the question has, and only the tests are offered
// that make sense for it. Without script it is typed.
const SIZED = new Set(['number', 'scale', 'date']);
const SIZES = new Set(['over', 'under', 'at_least', 'at_most']);
const UNSAID = new Set(['file', 'signature']);

class Condition extends HTMLElement {
  connectedCallback() {
    this.question = this.querySelector('[data-question]');
    this.test = this.querySelector('[data-test]');
    this.place = this.querySelector('[data-value]');
    this.typed = this.place.querySelector('input');
    this.question.addEventListener('change', () => this.update());
    this.test.addEventListener('change', () => this.update());
    this.update();
  }

  update() {
    const { kind = '', answers = '' } = this.question.selectedOptions[0]?.dataset ?? {};
    for (const option of this.test.options) {
      const says = option.value === 'answered' || option.value === 'not_answered';
      option.hidden = option.disabled = (SIZES.has(option.value) && !SIZED.has(kind)) || (UNSAID.has(kind) && !says);
    }
    if (this.test.selectedOptions[0]?.disabled) this.test.value = UNSAID.has(kind) ? 'answered' : 'is';
    this.offer(answers ? JSON.parse(answers) : [], kind);
    this.place.hidden = this.test.value === 'answered' || this.test.value === 'not_answered';
  }

  offer(answers, kind) {
    const known = this.place.querySelector('[name]');
    const value = known.value;
    if (answers.length === 0) {
      this.typed.value = value;
      this.typed.type = kind === 'date' && (value === '' || /^\d{4}-\d\d-\d\d$/.test(value)) ? 'date' : 'text';
      this.typed.inputMode = kind === 'number' || kind === 'scale' ? 'decimal' : 'text';
      this.place.replaceChildren(this.typed);
      return;
    }
    const select = document.createElement('select');
    select.className = 'select';
    for (const name of ['id', 'name', 'aria-label']) select.setAttribute(name, this.typed.getAttribute(name));
    const same = answers.find((answer) => answer.toLowerCase() === value.trim().toLowerCase());
    // What is no answer of this question stays to be seen; it is refused when it is saved.
    const all = same === undefined ? [value, ...answers] : answers;
    for (const answer of all) select.add(new Option(answer || 'Choose an answer', answer, false, answer === (same ?? value)));
    const box = document.createElement('span');
    box.className = 'select-box';
    box.append(select);
    this.place.replaceChildren(box);
  }
}
customElements.define('ruh-condition', Condition);

// A row that was just added is where one goes on typing.
document.addEventListener('htmx:after:swap', () => document.querySelector('[data-fragment] [data-focus]')?.focus());

// Enter in one answer begins the next, as in a list; elsewhere it saves.
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.isComposing || !event.target.matches?.('.choice-row > input.input')) return;
  event.preventDefault();
  event.target.form.querySelector('button[value="add-choice"]')?.click();
});
