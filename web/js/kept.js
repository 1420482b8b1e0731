// Answers that are typed and not saved yet, kept on this device until they are: by form, page and question, the last
// typing of each. Two pages of one form, in two windows, do not touch what the other has. On a device that was handed over they last as long as its tab.
const MARK = 'ruh-kept:';
const DAYS = 7 * 86_400_000;

const keyOf = (entry) => `${entry.sitting} ${entry.question}`;

const stores = () => {
  try {
    return [localStorage, sessionStorage];
  } catch {
    return [];
  }
};

/** Forgets everything that waits: whoever comes next has no business with it. */
export function forgetAll() {
  for (const store of stores()) for (const key of Object.keys(store)) if (key.startsWith(MARK)) store.removeItem(key);
}

export class Kept {
  constructor(form, desk) {
    this.key = MARK + form;
    this.memory = {};
    const [lasting, passing] = stores();
    this.store = desk ? passing : lasting;
  }

  /** False where nothing can be kept: then it waits in the page alone. */
  get isKept() {
    return Boolean(this.store) && !this.full;
  }

  all() {
    let found = this.memory;
    try {
      found = { ...JSON.parse(this.store.getItem(this.key) ?? '{}'), ...this.memory };
    } catch {
      // What cannot be read is as good as nothing.
    }
    return Object.values(found).filter((entry) => Date.now() - entry.at < DAYS).sort((a, b) => a.at - b.at);
  }

  write(entries) {
    const all = Object.fromEntries(entries.map((entry) => [keyOf(entry), entry]));
    this.memory = {};
    try {
      if (entries.length > 0) this.store.setItem(this.key, JSON.stringify(all));
      else this.store.removeItem(this.key);
      this.full = false;
    } catch {
      // Switched off, or full.
      this.full = true;
      this.memory = all;
    }
  }

  put(entry) {
    this.write([...this.all().filter((other) => keyOf(other) !== keyOf(entry)), entry]);
  }

  /** Drops what was sent, unless it was typed anew meanwhile. */
  drop(sent) {
    const ids = new Set(sent.map((entry) => entry.id));
    this.write(this.all().filter((entry) => !ids.has(entry.id)));
  }

  clear() {
    this.write([]);
  }
}
