// What every console page has: clock, link, bell and counts, fed by one stream of changes. Some of these
// pages are a hamlet head's as well: there they have the phone's frame, without counts and without a bell.

import { find, mergeChildren, say, tell } from './dom.js';
import { piece } from './server.js';
import { follow } from './feed.js';
import { Bell } from './bell.js';
import { Link } from './link.js';
import { startSizes } from './sizes.js';
import { keepTime } from './time.js';

const AGAIN_MS = 3000;
const DUTY_MS = 60000;

/** Show what a failed act means until the next one; an empty sentence takes it away. */
export const complain = (sentence) => tell(find('#problem'), sentence);

/** Read a sentence out to those who do not see the screen. */
export function announce(sentence, { urgent = false } = {}) {
  find(urgent ? '#assertive' : '#polite').textContent = sentence;
}

/** Merge the counts of a fetched piece into the top bar and let the bell know. */
export function showCounts(fetched, bell) {
  if (!find('#counts')) return;
  const fresh = find('#counts-fresh', fetched);
  mergeChildren(find('#counts'), fresh);
  Object.assign(find('#counts').dataset, { bell: fresh.dataset.bell, call: fresh.dataset.call });
  bell.set(fresh.dataset.bell, fresh.dataset.call);
}

/** Show who is on duty now: hours end without anything happening. */
async function showDuty() {
  try {
    mergeChildren(find('#on-duty'), await piece('/manh/truc'));
  } catch (failure) {
    if (!failure.sentence) throw failure; // the link's own bar says that nothing can be read
  }
}

/** Start the frame; `refresh(subjects)` is called when something has changed, once at a time. */
export function startFrame(refresh) {
  keepTime();
  const link = new Link();
  const again = oneAtATime(refresh);
  if (!find('#counts')) {
    startSizes();
    listen(link, again);
    return null;
  }
  const bell = startBell(link);
  setInterval(showDuty, DUTY_MS);
  listen(link, (subjects) => {
    if (subjects.duty) showDuty();
    again(subjects);
  });
  return bell;
}

function startBell(link) {
  const bell = new Bell((on) => {
    find('#bell').hidden = on;
    link.bell = say(on ? 'bell_on' : 'bell_off');
    link.show();
  });
  find('#bell').addEventListener('click', () => bell.allow());
  const { bell: level, call } = find('#counts').dataset;
  bell.set(level, call);
  return bell;
}

function listen(link, changed) {
  follow(Number(document.body.dataset.journal), (news) => {
    if (news.kind === 'ended') {
      location.assign('/dang-nhap');
      return;
    }
    link.heard(news.kind === 'change', news.deaf);
    if (news.kind === 'change') changed(news.subjects);
  });
}

/** Calls while one runs are done together after it; a failed one is tried again. */
export function oneAtATime(work) {
  let running = false;
  let waiting = null;
  const run = async (subjects) => {
    if (running) {
      waiting = { ...waiting, ...subjects };
      return;
    }
    running = true;
    try {
      await work(subjects);
    } catch (failure) {
      if (!failure.sentence) throw failure;
      setTimeout(() => run(subjects), AGAIN_MS);
    } finally {
      running = false;
      const next = waiting;
      waiting = null;
      if (next) run(next);
    }
  };
  return run;
}
