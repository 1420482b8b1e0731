// Keys: find, blur names, the list of keys. Those of one sign can be switched off (WCAG 2.1.4).
import { say } from './say.js';

const root = document.documentElement;
let title = document.title;
const stored = (key, fallback) => {
  try { return localStorage.getItem(key) ?? fallback; } catch { return fallback; }
};
const store = (key, value) => {
  try { localStorage.setItem(key, value); } catch { /* works for this page then */ }
};
let singleKeys = stored('ruh-single-keys', 'on') === 'on';

function blur(on) {
  root.classList.toggle('blur', on);
  // A name in the window's title is read across the room as well.
  document.title = on && document.querySelector('[data-name]') ? title.split(' · ').slice(-1)[0] : title;
}
blur(root.classList.contains('blur'));
document.addEventListener('htmx:after:swap', () => {
  if (!root.classList.contains('blur')) title = document.title;
  blur(root.classList.contains('blur'));
});
window.addEventListener('storage', (event) => {
  if (event.key === 'ruh-blur') blur(event.newValue === 'on');
});

const box = document.getElementById('single-keys');
if (box) {
  box.checked = singleKeys;
  box.addEventListener('change', () => {
    singleKeys = box.checked;
    store('ruh-single-keys', singleKeys ? 'on' : 'off');
  });
}

function find() {
  const field = document.getElementById('find');
  if (!field || document.querySelector('dialog:modal')) return false;
  field.focus();
  field.select();
  return true;
}

document.addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
    if (find()) event.preventDefault();
    return;
  }
  if (event.ctrlKey || event.metaKey || !singleKeys || root.classList.contains('locked')) return;
  if (event.target.closest?.('input:not([type="checkbox"], [type="radio"], [type="button"]), select, textarea, [contenteditable]')) return;
  if (document.querySelector('dialog:modal')) return;
  if (event.key === '/') {
    if (find()) event.preventDefault();
  } else if (event.key === '?') {
    document.getElementById('keys')?.showModal();
  } else if (event.key === 'b' && document.querySelector('[data-name]')) {
    const on = !root.classList.contains('blur');
    store('ruh-blur', on ? 'on' : 'off');
    blur(on);
    say(document.querySelector('#keys .keys > :nth-child(2) dd')?.textContent ?? '');
  }
});
