// The state of the link as part of the display: chip and full-width bar.

import { find, say, tell } from './dom.js';
import { ago, clock, now } from './time.js';

const GONE_AFTER_MS = 5000;

export class Link {
  constructor() {
    this.heardAt = now();
    this.changedAt = null;
    this.bell = '';
    this.deaf = {};
    setInterval(() => this.show(), 500);
  }

  /** Something arrived; `change`: an event, not only a sign of life; `deaf`: why the centre hears nothing. */
  heard(change, deaf) {
    this.heardAt = now();
    if (deaf) this.deaf = deaf;
    if (change) this.changedAt = this.heardAt;
    this.show();
  }

  get gone() {
    return now() - this.heardAt > GONE_AFTER_MS;
  }

  /** What this page cannot know, as a sentence; empty: it knows everything. */
  missing(gone) {
    if (gone) return say('gone_bar', { since: clock(this.heardAt) });
    if (!this.deaf.since || now() - Date.parse(this.deaf.since) < GONE_AFTER_MS) return '';
    return say(`deaf_${this.deaf.why}`, { since: clock(Date.parse(this.deaf.since)) });
  }

  show() {
    const gone = this.gone;
    tell(find('#gone'), this.missing(gone));
    const chip = find('#chip');
    if (!chip) return;
    chip.classList.toggle('gone', gone);
    const connected = this.changedAt
      ? say('link', { ago: ago(this.changedAt, { seconds: true }) })
      : say('link_quiet');
    const text = `${gone ? say('link_gone') : connected} · ${this.bell}`;
    if (chip.textContent !== text) chip.textContent = text;
  }
}
