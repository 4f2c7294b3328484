// The preview of the selected alarm: fetched, merged in place, pictures exchanged on a click.

import { find, findAll, mergeChildren } from './dom.js';
import { piece } from './server.js';

export class Preview {
  constructor() {
    this.frame = find('#preview');
    this.alarm = '';
    this.chosen = '';
    this.loading = Promise.resolve();
    this.frame.addEventListener('click', (event) => {
      const button = event.target.closest('[data-picture]');
      if (button) this.choose(button.dataset.picture);
    });
  }

  /** Show an alarm; `open` takes the focus there. */
  show(alarmId, options) {
    const loading = this.load(alarmId, options);
    this.loading = loading.catch(() => {});
    return loading;
  }

  async load(alarmId, { open = false } = {}) {
    if (alarmId !== this.alarm) this.chosen = '';
    this.alarm = alarmId;
    const fetched = await piece(`/manh/canh-bao/${encodeURIComponent(alarmId)}`);
    if (this.alarm !== alarmId) return;
    mergeChildren(this.frame, fetched);
    if (this.chosen) this.choose(this.chosen);
    if (open) find('#preview-title').focus();
  }

  choose(sha256) {
    const button = find(`[data-picture="${sha256}"]`, this.frame);
    const large = find('#large-picture', this.frame);
    if (!button || !large) return;
    this.chosen = sha256;
    large.src = `/api/evidence/${sha256}`;
    large.alt = button.dataset.label;
    const box = find('#framed svg', this.frame);
    if (box) box.toggleAttribute('hidden', button.dataset.role === 'before');
    findAll('[data-picture]', this.frame).forEach((each) => {
      each.setAttribute('aria-pressed', String(each === button));
    });
  }
}
