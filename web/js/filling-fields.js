// <ruh-sign>: a signature drawn with a finger or a pen, in a field of its own beside the typed name.
// <ruh-file>: a file as an answer, sent the moment it is chosen.
const WIDTH = 1000;
const HEIGHT = 400;
const STROKES = 100;
const POINTS = 4000;
/** How far a pen moves before its place is noted. */
const STEP = 4;

customElements.define('ruh-sign', class extends HTMLElement {
  connectedCallback() {
    this.field = this.querySelector('input');
    this.canvas = this.querySelector('canvas');
    this.wipe = this.querySelector('[data-wipe]');
    this.pen = this.canvas.getContext('2d');
    this.read();
    this.canvas.addEventListener('pointerdown', (event) => this.down(event));
    this.canvas.addEventListener('pointermove', (event) => this.move(event));
    for (const kind of ['pointerup', 'pointercancel']) this.canvas.addEventListener(kind, () => this.up());
    this.wipe.addEventListener('click', () => { this.strokes = []; this.keep(); });
    this.seen = new ResizeObserver(() => this.draw());
    this.seen.observe(this.canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
  }

  disconnectedCallback() { this.seen?.disconnect(); }

  read() {
    try {
      this.strokes = this.field.value ? JSON.parse(this.field.value) : [];
    } catch {
      this.strokes = [];
    }
    this.draw();
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const within = (value, most) => Math.max(0, Math.min(most, Math.round(value)));
    return [within(((event.clientX - box.left) / box.width) * WIDTH, WIDTH), within(((event.clientY - box.top) / box.height) * HEIGHT, HEIGHT)];
  }

  down(event) {
    if (event.button !== 0 || this.strokes.length >= STROKES) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.stroke = [this.at(event)];
    this.strokes.push(this.stroke);
    this.draw();
  }

  move(event) {
    if (!this.stroke || this.strokes.reduce((sum, stroke) => sum + stroke.length, 0) >= POINTS) return;
    for (const one of event.getCoalescedEvents?.() ?? [event]) {
      const [x, y] = this.at(one);
      const [lastX, lastY] = this.stroke.at(-1);
      if (Math.hypot(x - lastX, y - lastY) >= STEP) this.stroke.push([x, y]);
    }
    this.draw();
  }

  up() {
    if (!this.stroke) return;
    this.stroke = null;
    this.keep();
  }

  keep() {
    this.field.value = this.strokes.length > 0 ? JSON.stringify(this.strokes) : '';
    this.draw();
    this.field.dispatchEvent(new Event('change', { bubbles: true }));
  }

  draw() {
    const { width } = this.canvas.getBoundingClientRect();
    const scale = (width * devicePixelRatio) / WIDTH;
    this.canvas.width = Math.max(1, Math.round(WIDTH * scale));
    this.canvas.height = Math.max(1, Math.round(HEIGHT * scale));
    this.pen.setTransform(scale, 0, 0, scale, 0, 0);
    Object.assign(this.pen, { lineWidth: 9, lineCap: 'round', lineJoin: 'round', strokeStyle: getComputedStyle(this).color });
    for (const stroke of this.strokes) {
      this.pen.beginPath();
      stroke.forEach(([x, y], n) => (n === 0 ? this.pen.moveTo(x, y) : this.pen.lineTo(x, y)));
      if (stroke.length === 1) this.pen.lineTo(stroke[0][0] + 0.1, stroke[0][1]);
      this.pen.stroke();
    }
    this.wipe.hidden = this.strokes.length === 0;
  }
});

customElements.define('ruh-file', class extends HTMLElement {
  connectedCallback() {
    this.piece = (name) => this.querySelector(`[data-${name}]`);
    for (const input of this.querySelectorAll('input[type="file"]')) {
      input.addEventListener('change', () => { if (input.files[0]) this.send(input.files[0], input); });
    }
    this.piece('remove').addEventListener('click', () => this.remove());
  }

  get asked() { return this.closest('.asked'); }

  get sitting() { return this.closest('form')?.elements.sitting?.value ?? ''; }

  /** Of the form as this page shows it. */
  get version() {
    const field = this.closest('form')?.elements.version;
    return field ? { version: field.value } : {};
  }

  complain(text) {
    const field = this.querySelector('input[type="file"]');
    this.asked.querySelector('[data-error]').textContent = text;
    this.asked.toggleAttribute('data-invalid', Boolean(text));
    if (text) {
      this.asked.dataset.invalid = 'true';
      field.setAttribute('aria-invalid', 'true');
    } else field.removeAttribute('aria-invalid');
  }

  show(name) {
    this.piece('given').hidden = !name;
    this.piece('given-name').textContent = name;
    this.piece('ways').hidden = Boolean(name);
    this.dispatchEvent(new CustomEvent('ruh:answered', { bubbles: true }));
  }

  async send(file, input) {
    this.complain('');
    const body = new FormData();
    const key = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
    for (const [name, value] of Object.entries({ question: this.dataset.question, sitting: this.sitting, ...this.version, key })) body.append(name, value);
    body.append('file', file);
    this.piece('progress').hidden = false;
    try {
      let answer = await this.post(body);
      const watch = document.querySelector('ruh-session-watch');
      if (answer.status === 401 && watch) {
        await watch.signInAgain();
        answer = await this.post(body);
      }
      const said = JSON.parse(answer.responseText || '{}');
      if (answer.status === 201) this.show(said.name);
      else this.complain(said.errors?.[0]?.message ?? said.detail ?? this.dataset.failed);
    } catch {
      this.complain(this.dataset.failed);
    } finally {
      this.piece('progress').hidden = true;
      input.value = '';
    }
  }

  /** By the older way: only it tells how much has gone. */
  post(body) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      const bar = this.querySelector('progress');
      const say = (part) => {
        bar.value = part;
        this.piece('progress-said').textContent = `${this.dataset.sending} ${part} %`;
      };
      say(0);
      request.upload.addEventListener('progress', (event) => say(Math.round((event.loaded / event.total) * 100)));
      request.addEventListener('load', () => resolve(request));
      for (const kind of ['error', 'abort', 'timeout']) request.addEventListener(kind, () => reject(new Error(kind)));
      request.open('POST', this.dataset.to);
      request.setRequestHeader('HX-Request', 'true');
      request.setRequestHeader('Accept', 'application/json');
      request.send(body);
    });
  }

  async remove() {
    this.complain('');
    try {
      const body = new URLSearchParams({ question: this.dataset.question, sitting: this.sitting, ...this.version });
      const answer = await window.fetch(`${this.dataset.to}/remove`, { method: 'POST', body, headers: { Accept: 'application/json', 'HX-Request': 'true' } });
      if (!answer.ok) throw new Error('refused');
      this.show('');
      this.querySelector('input[type="file"]').focus();
    } catch {
      this.complain(this.dataset.failed);
    }
  }
});
