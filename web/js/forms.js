// Forms: sent once, busy when it takes longer, the error summary under the eyes, and nothing typed dropped unasked.
const BUSY_AFTER = 100;

const picture = (form) => JSON.stringify([...new FormData(form)].map(([name, value]) => [name, value instanceof File ? value.name : value]));
const first = new WeakMap();

/** True where something typed in a guarded form inside `root` is not saved yet. */
export function typed(root) {
  return [...root.querySelectorAll('form[data-guard]')].some((form) => !form.sending && first.has(form) && first.get(form) !== picture(form));
}

/** Prepares what has just come into the page. */
export function prepare(root = document) {
  for (const form of root.querySelectorAll('form[data-guard]')) {
    // A form that came back, with messages or because somebody went back to it, holds typed text from the start.
    if (!first.has(form)) first.set(form, form.matches('[data-typed]') || form.querySelector('[data-error-summary]') ? '' : picture(form));
  }
  // A message must not hide in a section that is closed.
  for (const field of root.querySelectorAll('details:not([open]) [aria-invalid="true"]')) field.closest('details').open = true;
  root.querySelector('[data-error-summary]')?.focus();
}

function rest(form) {
  form.sending = false;
  clearTimeout(form.busyTimer);
  for (const button of form.querySelectorAll('[aria-busy]')) button.removeAttribute('aria-busy');
}

document.addEventListener('submit', (event) => {
  const form = event.target;
  if (!form.matches('[data-once], [data-guard]') || form.method === 'dialog') return;
  if (form.sending) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  // A control that cannot read what it holds (the 31st of February) would send nothing in its place.
  const unread = [...form.elements].find((field) => field.validity?.badInput);
  if (unread) {
    event.preventDefault();
    event.stopImmediatePropagation();
    const fold = unread.closest('details:not([open])');
    if (fold) fold.open = true;
    unread.reportValidity();
    return;
  }
  form.sending = true;
  const button = event.submitter ?? form.querySelector('button:not([type="button"])');
  form.busyTimer = setTimeout(() => button?.setAttribute('aria-busy', 'true'), BUSY_AFTER);
}, true);

// A form that htmx sends is free again with the answer, unless the answer leads to another page.
document.addEventListener('htmx:finally:request', (event) => {
  const { sourceElement, keepIndicators } = event.detail.ctx;
  if (sourceElement.matches?.('form') && !keepIndicators) rest(sourceElement);
});

document.addEventListener('click', (event) => {
  const link = event.target.closest('[data-error-summary] a[href^="#"]');
  const field = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
  if (!field) return;
  event.preventDefault();
  const fold = field.closest('details:not([open])');
  if (fold) fold.open = true;
  field.focus();
});

// A link that is one of the answers to a question: whoever takes it lets go of what was typed.
document.addEventListener('click', (event) => {
  if (event.target.closest('a[data-let-go]')) document.documentElement.classList.add('leaving');
});

window.addEventListener('beforeunload', (event) => {
  if (typed(document) && !document.documentElement.classList.contains('leaving')) event.preventDefault();
});
window.addEventListener('pageshow', () => document.querySelectorAll('form[data-once]').forEach(rest));
document.addEventListener('htmx:after:swap', (event) => {
  const target = event.detail?.ctx?.sourceElement;
  // The list that a search redraws has no business with the focus; an answered form has.
  if (target?.matches?.('form[method="get"]')) return;
  prepare();
});
prepare();
