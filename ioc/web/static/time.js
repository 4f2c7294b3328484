// The clock and the ages on a page, by the centre's time and in the commune's zone.

import { find, findAll, say } from './dom.js';

const serverAhead_ms = Date.parse(document.body.dataset.now) - Date.now();
const zone = document.body.dataset.zone;
const shortClock = new Intl.DateTimeFormat('vi-VN', { timeZone: zone, hour: '2-digit', minute: '2-digit', hour12: false });
const longClock = new Intl.DateTimeFormat('vi-VN', { timeZone: zone, hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });

/** Now, by the centre's clock. */
export const now = () => new Date(Date.now() + serverAhead_ms);

/** `21:04` in the commune. */
export const clock = (instant) => shortClock.format(instant);

/** `12 phút trước`. */
export function ago(instant, { seconds = false } = {}) {
  const age_s = Math.max(0, (now() - instant) / 1000);
  if (age_s < 60) return seconds ? say('seconds_ago', { n: Math.floor(age_s) }) : say('now');
  if (age_s < 3600) return say('minutes_ago', { n: Math.floor(age_s / 60) });
  if (age_s < 86400) return say('hours_ago', { n: Math.floor(age_s / 3600) });
  return say('days_ago', { n: Math.floor(age_s / 86400) });
}

/** Keep the clock and every age on the page true. */
export function keepTime() {
  const face = find('#clock');
  const tick = () => {
    if (face) face.textContent = longClock.format(now());
    findAll('time[data-ago]').forEach((time) => {
      const text = `${ago(new Date(time.dateTime))} · ${time.dataset.at}`;
      if (time.textContent !== text) time.textContent = text;
    });
  };
  tick();
  setInterval(tick, 1000);
}
