// Answers that are typed and not saved yet, kept on this device until they are: by form, page and question, the last typing
// of each. They are sealed with a key that only a page of whoever is signed in holds: what lies in the browser says
// nothing to whoever finds the device. What somebody else left there, on a browser of several, stays for them. Two windows
// of one form do not touch what the other keeps. On a device that was handed over they last as long as its tab.
const MARK = 'ruh-kept:';
const DAYS = 7 * 86_400_000;
const CIPHER = 'AES-GCM';
const NONCE = 12;

const keyOf = (entry) => `${entry.sitting}:${entry.question}`;
const isFresh = (entry) => Date.now() - entry.at < DAYS;
/** When it was typed stands in the name: ruh-kept:form:at:sitting:question. */
const atOf = (name) => Number(name.split(':')[2]);
const toText = (bytes) => btoa(String.fromCharCode(...bytes));
const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (letter) => letter.charCodeAt(0));

const stores = () => {
  try {
    return [localStorage, sessionStorage];
  } catch {
    return [];
  }
};

function forget(prefix) {
  for (const store of stores()) for (const name of Object.keys(store)) if (name.startsWith(prefix)) store.removeItem(name);
}

// After a week, whosever it is.
for (const store of stores()) {
  for (const name of Object.keys(store)) if (name.startsWith(MARK) && !isFresh({ at: atOf(name) })) store.removeItem(name);
}

/** Forgets everything that waits: whoever comes next has no business with it. */
export const forgetAll = () => forget(MARK);

export class Kept {
  constructor(form, secret, desk) {
    this.prefix = `${MARK}${form}:`;
    this.entries = new Map();
    const [lasting, passing] = stores();
    this.store = desk ? passing : lasting;
    this.ready = secret ? this.open(secret) : Promise.resolve();
  }

  /** False where nothing can be kept: then it waits in the page alone. */
  get isKept() {
    return Boolean(this.store && this.key) && !this.full;
  }

  async open(secret) {
    // Browsers seal only over https, and on this machine itself.
    this.key = await crypto.subtle?.importKey('raw', toBytes(secret), CIPHER, false, ['encrypt', 'decrypt']);
    if (!this.store || !this.key) return;
    for (const name of Object.keys(this.store).filter((one) => one.startsWith(this.prefix))) {
      const entry = await this.unsealed(this.store.getItem(name));
      if (!entry) continue;
      const known = this.entries.get(keyOf(entry));
      if (!known || known.at < entry.at) this.entries.set(keyOf(entry), entry);
    }
  }

  async unsealed(text) {
    try {
      const bytes = toBytes(text);
      const clear = await crypto.subtle.decrypt({ name: CIPHER, iv: bytes.slice(0, NONCE) }, this.key, bytes.slice(NONCE));
      return JSON.parse(new TextDecoder().decode(clear));
    } catch {
      // Somebody else's, who uses this browser as well.
      return null;
    }
  }

  all() {
    return [...this.entries.values()].filter(isFresh).sort((a, b) => a.at - b.at);
  }

  nameOf(entry) {
    return `${this.prefix}${entry.at}:${keyOf(entry)}`;
  }

  /** Removes what was typed before in its place. */
  removeBefore(entry) {
    const before = (name) => name.startsWith(this.prefix) && name.endsWith(`:${keyOf(entry)}`) && atOf(name) < entry.at;
    for (const name of Object.keys(this.store).filter(before)) this.store.removeItem(name);
  }

  put(entry) {
    this.entries.set(keyOf(entry), entry);
    if (this.store && this.key) this.keep(entry);
  }

  async keep(entry) {
    const iv = crypto.getRandomValues(new Uint8Array(NONCE));
    const clear = new TextEncoder().encode(JSON.stringify(entry));
    const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: CIPHER, iv }, this.key, clear));
    // Typed anew, or saved, meanwhile.
    if (this.entries.get(keyOf(entry)) !== entry) return;
    try {
      this.store.setItem(this.nameOf(entry), [iv, sealed].map(toText).join(''));
      this.removeBefore(entry);
      this.full = false;
    } catch {
      // Switched off, or full.
      this.full = true;
    }
  }

  /** Drops what was sent, unless it was typed anew meanwhile. */
  drop(sent) {
    for (const entry of sent) {
      if (this.entries.get(keyOf(entry))?.id !== entry.id) continue;
      this.entries.delete(keyOf(entry));
      if (!this.store) continue;
      this.store.removeItem(this.nameOf(entry));
      this.removeBefore(entry);
    }
  }

  clear() {
    this.entries.clear();
    forget(this.prefix);
  }
}
