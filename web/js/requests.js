// What htmx needs to know about our answers.
import { toast } from './toast.js';

// Refusals that carry the form with its messages; every other failure leaves the page as it is.
const CARRIES_FORM = new Set([400, 409, 413, 415, 422, 429]);
const words = () => document.getElementById('toasts')?.dataset ?? {};

// A refusal that says in words what is the matter is shown as it is; anything else in our own.
async function refuse(raw) {
  let text = words().failed;
  if (raw.status < 500 && raw.headers.get('Content-Type')?.includes('json')) {
    const problem = await raw.clone().json().catch(() => ({}));
    text = problem.detail || problem.title || text;
  }
  toast(text, { tone: 'bad' });
}

document.addEventListener('htmx:before:response', (event) => {
  const { raw, status } = event.detail.ctx.response;
  const isPage = raw.headers.get('Content-Type')?.startsWith('text/html');
  // A section that was saved is answered by the page it is on, from which it takes its own part.
  const here = event.detail.ctx.selectOOB && new URL(raw.url).pathname === location.pathname;
  if (raw.redirected && !here && !raw.headers.get('HX-Redirect') && event.detail.ctx.request.method !== 'GET') {
    event.preventDefault();
    location.href = raw.url;
  } else if (status >= 400 && !(isPage && CARRIES_FORM.has(status)) && !raw.headers.get('HX-Redirect')) {
    event.preventDefault();
    refuse(raw);
  }
});

document.addEventListener('htmx:error', (event) => {
  if (event.detail?.ctx?.request) toast(words().offline, { tone: 'bad' });
  else console.error(event.detail?.error);
});

// A filter that is not set has no place in the address.
document.addEventListener('htmx:config:request', (event) => {
  const { request } = event.detail.ctx;
  if (request.method !== 'GET' || !(request.body instanceof FormData)) return;
  for (const [name, value] of [...request.body]) if (value === '') request.body.delete(name);
});
