// <ruh-password>: shows and hides what is typed, and says how strong a new password is. Pasting is never in the way.
class Password extends HTMLElement {
  connectedCallback() {
    this.input = this.querySelector('input');
    this.button = this.querySelector('.reveal');
    if (!this.input || !this.button) return;
    this.button.hidden = false;
    this.button.addEventListener('click', () => this.reveal(this.input.type === 'password'));
    // Browsers remember what a visible field held; it goes out hidden.
    this.input.form?.addEventListener('submit', () => this.reveal(false));
    if (this.hasAttribute('strength')) this.input.addEventListener('input', () => this.judge());
  }

  reveal(shown) {
    this.input.type = shown ? 'text' : 'password';
    this.button.setAttribute('aria-pressed', String(shown));
    this.button.setAttribute('aria-label', shown ? this.dataset.hide : this.dataset.show);
  }

  judge() {
    const line = this.querySelector('.strength');
    const level = strength(this.input.value);
    line.dataset.level = String(Math.max(level, this.input.value ? 1 : 0));
    const text = this.input.value ? [this.dataset.short, this.dataset.weak, this.dataset.fair, this.dataset.strong][level] : '';
    // Said when typing rests, or every letter would be commented.
    clearTimeout(this.rest);
    this.rest = setTimeout(() => { line.querySelector('.strength-text').textContent = text; }, 350);
  }
}
customElements.define('ruh-password', Password);

/** 0 too short, 1 easy to guess, 2 good, 3 strong: a hint, the server decides. */
export function strength(password) {
  const letters = [...password];
  if (letters.length < 10) return 0;
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u].filter((kind) => kind.test(password)).length;
  const different = new Set(letters).size;
  const points = Math.min(letters.length, different * 2) + kinds * 2;
  if (different < 5 || /^(\p{L}+|\p{N}+)$/u.test(password) && letters.length < 14) return 1;
  return points >= 24 ? 3 : points >= 16 ? 2 : 1;
}
