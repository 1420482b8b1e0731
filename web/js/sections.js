// The sections of a record, behind Actions: they open in place, and some are fetched when they are first opened.
import { markOpeners } from './dialog.js';
import { prepare } from './forms.js';

const asFragment = { headers: { 'HX-Request': 'true', Accept: 'text/html' }, credentials: 'same-origin' };

async function load(section) {
  const address = section.dataset.load;
  if (!address || section.loaded) return;
  section.loaded = true;
  const body = section.querySelector('.fold-body');
  try {
    const response = await window.fetch(address, asFragment);
    const html = await response.text();
    if (response.redirected || !response.ok || !html.includes('data-fragment')) throw new Error('no fragment');
    body.innerHTML = html;
    window.htmx?.process(body);
    prepare(body);
    markOpeners();
  } catch {
    // The link that leads to the same as a page of its own stays.
    section.loaded = false;
  }
}

export function open(section) {
  section.open = true;
  section.scrollIntoView({ block: 'start' });
  section.querySelector('summary').focus({ preventScroll: true });
}

document.addEventListener('toggle', (event) => {
  if (event.target.matches?.('details[data-load]') && event.target.open) load(event.target);
}, true);
for (const section of document.querySelectorAll('details[data-load][open]')) load(section);

document.addEventListener('click', (event) => {
  const close = event.target.closest('details[data-load] [data-close]');
  const link = event.target.closest('a[data-section]');
  const section = close?.closest('details') ?? (link && document.getElementById(link.dataset.section));
  if (!section || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (close) {
    section.open = false;
    section.querySelector('summary').focus();
    return;
  }
  link.closest('.menu:popover-open')?.hidePopover();
  open(section);
});

// A section that was saved comes back closed: whoever saved it goes on from there.
document.addEventListener('htmx:after:swap', (event) => {
  const section = document.getElementById(event.detail?.ctx?.target?.id);
  if (section?.matches('details.fold') && !section.querySelector('[data-error-summary]')) section.querySelector('summary').focus();
});
