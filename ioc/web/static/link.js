// The state of the link as part of the display: chip and full-width bar.

import { find, say, tell } from './dom.js';
import { ago, clock, now } from './time.js';

const GONE_AFTER_MS = 5000;

export class Link {
  constructor() {
    this.heardAt = now();
    this.changedAt = null;
    this.bell = '';
    setInterval(() => this.show(), 500);
  }

  /** Something arrived; `change`: it was an event, not only a sign of life. */
  heard(change) {
    this.heardAt = now();
    if (change) this.changedAt = this.heardAt;
    this.show();
  }

  get gone() {
    return now() - this.heardAt > GONE_AFTER_MS;
  }

  show() {
    const gone = this.gone;
    tell(find('#gone'), gone ? say('gone_bar', { since: clock(this.heardAt) }) : '');
    const chip = find('#chip');
    chip.classList.toggle('gone', gone);
    const connected = this.changedAt
      ? say('link', { ago: ago(this.changedAt, { seconds: true }) })
      : say('link_quiet');
    const text = `${gone ? say('link_gone') : connected} · ${this.bell}`;
    if (chip.textContent !== text) chip.textContent = text;
  }
}
