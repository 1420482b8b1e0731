// One door for all requests of a page, htmx's included: it says when one has completed (the session's clock starts
// anew) and, where the session has ended, waits for the person to sign in again and repeats the request.
const plain = window.fetch.bind(window);

/** A fetch that is no sign of life and is never repeated. */
export const quietFetch = (address, options = {}) =>
  plain(address, { ...options, headers: { ...options.headers, 'Ruh-Quiet': '1' } });

/** A fetch outside of the session's watch, for the watch itself. */
export const plainFetch = plain;

/** A fetch that is never repeated: what it says is of this moment. Whoever sends answers a 401. */
export const fetchOnce = async (address, options) => {
  const response = await plain(address, options);
  if (response.status !== 401) document.dispatchEvent(new Event('ruh:active'));
  return response;
};

window.fetch = async (resource, options) => {
  const address = new URL(resource instanceof Request ? resource.url : resource, document.baseURI);
  if (address.origin !== location.origin) throw new TypeError('No requests to other places');
  const headers = new Headers(options?.headers ?? (resource instanceof Request ? resource.headers : {}));
  const again = resource instanceof Request ? resource.clone() : resource;
  let response = await plain(resource, options);
  const watch = document.querySelector('ruh-session-watch');
  if (response.status === 401 && watch) {
    await watch.signInAgain();
    // The first try may have run into its time limit while the dialog was open.
    response = await plain(again, options?.signal?.aborted ? { ...options, signal: undefined } : options);
  }
  if (!headers.has('Ruh-Quiet') && response.status !== 401) document.dispatchEvent(new Event('ruh:active'));
  return response;
};
