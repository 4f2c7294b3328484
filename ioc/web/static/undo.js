// The bar that takes back what has just been done; it goes by itself after ten seconds.

import { find, say, tell } from './dom.js';

const OFFERED_MS = 10000;

export class Undo {
  /** `onFailure` is told why something could not be taken back. */
  constructor(onFailure) {
    this.onFailure = onFailure;
    this.bar = find('#undo');
    this.work = null;
    this.bar.addEventListener('click', () => this.press());
  }

  /** Offer to take something back by `work`; `done` names what is said of it. */
  offer(work, done = 'marked_false') {
    clearTimeout(this.timer);
    this.work = work;
    tell(this.bar, say(done));
    this.timer = setTimeout(() => this.forget(), OFFERED_MS);
  }

  async press() {
    const { work } = this;
    this.forget();
    if (work) await work().catch(this.onFailure);
  }

  forget() {
    clearTimeout(this.timer);
    this.work = null;
    tell(this.bar, '');
  }
}
