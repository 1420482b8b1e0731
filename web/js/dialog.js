// Links marked data-dialog show their page's fragment over the page; without script they are links.
import { prepare, typed } from './forms.js';

const asFragment = { headers: { 'HX-Request': 'true', Accept: 'text/html' }, credentials: 'same-origin' };

function show(dialog, html) {
  const body = dialog.querySelector('.sheet-body');
  body.innerHTML = html;
  const fragment = body.querySelector('[data-fragment]');
  dialog.querySelector('header h2').textContent = fragment?.dataset.title ?? '';
  dialog.dataset.size = fragment?.dataset.size ?? '';
  window.htmx?.process(body);
  prepare(body);
}

function build(opener) {
  const dialog = document.getElementById('dialog-frame').content.firstElementChild.cloneNode(true);
  dialog.opener = opener;
  document.body.append(dialog);
  dialog.addEventListener('cancel', (event) => {
    if (event.target !== dialog) return;
    event.preventDefault();
    leave(dialog);
  });
  // A browser may close on the second Esc whatever is asked; then the text is at least still in the page.
  dialog.addEventListener('close', (event) => {
    if (event.target !== dialog) return;
    if (!dialog.dropped && typed(dialog)) dialog.showModal();
    else remove(dialog);
  });
  return dialog;
}

function remove(dialog) {
  const { opener } = dialog;
  dialog.remove();
  if (opener?.isConnected) opener.focus();
}

/** Asks whether typed text may go. */
export function mayDrop() {
  const ask = document.getElementById('ask-drop');
  if (!ask) return Promise.resolve(true);
  return new Promise((resolve) => {
    ask.returnValue = '';
    ask.addEventListener('close', () => resolve(ask.returnValue === 'drop'), { once: true });
    ask.showModal();
  });
}

async function leave(dialog) {
  if (typed(dialog) && !(await mayDrop())) return;
  dialog.dropped = true;
  dialog.close();
}

async function open(link) {
  const within = link.closest('dialog.sheet');
  if (within && typed(within) && !(await mayDrop())) return;
  let html;
  try {
    const response = await window.fetch(link.href, asFragment);
    html = await response.text();
    if (response.redirected || !response.ok || !html.includes('data-fragment')) throw new Error('no fragment');
  } catch {
    document.documentElement.classList.add('leaving');
    location.href = link.href;
    return;
  }
  const dialog = within ?? build(link);
  show(dialog, html);
  if (!within) dialog.showModal();
  const start = dialog.querySelector('[autofocus]') ?? dialog.querySelector('.sheet-body :is(input:not([type="hidden"]), select, textarea)') ?? dialog.querySelector('header h2');
  if (!dialog.querySelector('[data-error-summary]')) start.focus();
}

document.addEventListener('click', (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const close = event.target.closest('dialog [data-close]');
  if (close) {
    event.preventDefault();
    leave(close.closest('dialog'));
    return;
  }
  const link = event.target.closest('a[data-dialog], dialog.sheet [data-fragment] .tabbar a[href]');
  if (!link || !link.href) return;
  event.preventDefault();
  link.closest('.menu:popover-open')?.hidePopover();
  open(link);
});

// Opening a dialog is a button's work: it says so, and takes the space bar, where script makes it one.
export function markOpeners() {
  for (const link of document.querySelectorAll('a[data-dialog]:not([role])')) {
    link.setAttribute('role', 'button');
    link.setAttribute('aria-haspopup', 'dialog');
  }
}
document.addEventListener('keydown', (event) => {
  if (event.key !== ' ' || !event.target.matches?.('a[data-dialog]')) return;
  event.preventDefault();
  event.target.click();
});
markOpeners();
document.addEventListener('htmx:after:swap', markOpeners);

// A swapped fragment may carry another title (a warning before saving, say).
document.addEventListener('htmx:after:swap', () => {
  for (const dialog of document.querySelectorAll('dialog.sheet[open]')) {
    const title = dialog.querySelector('[data-fragment]')?.dataset.title;
    if (title) dialog.querySelector('header h2').textContent = title;
  }
});
