// The console page: list, preview, panel, keys and live changes put together.

import { find, findAll, say } from './dom.js';
import { announce, complain, showCounts, startFrame } from './frame.js';
import { listenToKeys } from './keys.js';
import { List } from './list.js';
import { Preview } from './preview.js';
import { actOnProof } from './proofs.js';
import { act, piece } from './server.js';
import { SpeakPanel } from './speak.js';
import { Undo } from './undo.js';

const tab = find('main').dataset.tab;
const preview = new Preview();
const panel = new SpeakPanel();
const list = new List((alarmId, options) => select(alarmId, options));
if (list.selected) select(list.selected);
const undo = new Undo(explain);
const bell = startFrame(refresh);

function select(alarmId, options) {
  const address = new URL(location.href);
  address.searchParams.set('canh-bao', alarmId);
  history.replaceState(null, '', address);
  preview.show(alarmId, options).catch(explain);
}

async function refresh(subjects) {
  const everything = !Object.keys(subjects).length;
  const fetched = await piece(`/manh/danh-sach?tab=${tab}`);
  showCounts(fetched, bell);
  list.update(fetched);
  const touched = everything || subjects.broadcast || (subjects.alarm || []).includes(list.selected);
  if (list.selected && touched) await preview.show(list.selected);
  if (everything || subjects.broadcast) panel.refresh();
}

function explain(failure) {
  if (!failure.sentence) throw failure;
  complain(failure.sentence);
}

const deeds = {
  acknowledge: (alarmId) => change(alarmId, 'acknowledge', 'acknowledged'),
  close: (alarmId) => change(alarmId, 'close', 'closed'),
  talk_down: (alarmId) => panel.open(alarmId),
  mark_false: (alarmId, { reason }) => markFalse(alarmId, reason),
  mark_fixture: (alarmId, { object }) => change(alarmId, 'mark-fixture', 'fixture_ordered', { object_id: object }),
  unshelve: (alarmId) => change(alarmId, 'unshelve', 'unshelved'),
  take: (alarmId, { instead }) => take(alarmId, instead || null),
  view: (alarmId) => list.pick(list.row(alarmId), { open: true }),
};

async function change(alarmId, deed, done, body) {
  await act(`/api/alarms/${encodeURIComponent(alarmId)}/${deed}`, body);
  announce(say(done));
  await refresh({ alarm: [alarmId] });
}

async function markFalse(alarmId, reason) {
  await change(alarmId, 'mark-false', 'marked_false', { reason });
  undo.offer(() => change(alarmId, 'undo', 'undone'));
}

/** Put aside what the form says: a span, or a day and hour of this browser's clock. */
async function putAside(form, deed) {
  const { reason, span, until } = Object.fromEntries(new FormData(form));
  if (!reason.trim() || (span === 'until' && !until)) {
    complain(say('shelf_incomplete'));
    return;
  }
  const when = span === 'until' ? { until: new Date(until).toISOString() } : { span };
  const { alarm } = form.dataset;
  await change(alarm, deed, 'shelved', { reason, ...when });
  undo.offer(() => change(alarm, 'unshelve', 'unshelved'), 'shelved');
  complain('');
}

/** Take back what was put aside, or open the form that puts aside, its reason in focus. */
async function shelveOrNot() {
  await preview.loading;
  const form = find('#preview .shelf');
  if (!form) {
    await pressKey('unshelve');
  } else if (form.dataset.alarm === list.selected) {
    form.closest('details').open = true;
    find('input', form).focus();
  }
}

async function take(alarmId, instead) {
  undo.forget(); // what it offered has been overtaken
  await change(alarmId, 'take', 'taken', { instead_of: instead });
  const { me } = find('main').dataset;
  // Who was given an alarm and takes it has it either way.
  if (instead !== me) undo.offer(() => change(alarmId, 'assign', 'undone', { login: instead, instead_of: me }), 'taken');
}

/** Give an alarm to whom the form names. */
async function assign(form) {
  const { login } = Object.fromEntries(new FormData(form));
  if (!login) {
    complain(say('choose_person'));
    return;
  }
  const { alarm, assigned } = form.closest('.in-hand').dataset;
  const before = assigned || null;
  undo.forget();
  await change(alarm, 'assign', 'assigned', { login, instead_of: before });
  undo.offer(() => change(alarm, 'assign', 'undone', { login: before, instead_of: login }), 'assigned');
  complain('');
}

async function comment(form) {
  const { text } = Object.fromEntries(new FormData(form));
  if (!text.trim()) {
    complain(say('comment_empty'));
    return;
  }
  await change(form.dataset.alarm, 'comments', 'commented', { text });
  form.reset();
  complain('');
}

/** Take the alarm, or open the question whether to take it from who has it. */
async function takeOrAsk() {
  await preview.loading;
  const asking = find('#preview .take-over');
  if (!asking) {
    await pressKey('take');
  } else if (asking.id === `take-${list.selected}`) {
    asking.open = true;
    find('button', asking).focus();
  }
}

async function press(button) {
  if (button.disabled) return;
  button.disabled = true;
  try {
    await deeds[button.dataset.act](button.dataset.alarm, button.dataset);
    complain('');
  } catch (failure) {
    explain(failure);
  } finally {
    button.disabled = false;
  }
}

/** Do with a key what the preview's button does; where there is no button, nothing may be done. */
async function pressKey(name) {
  await preview.loading;
  const button = find(`#preview [data-act=${name}]`);
  // While another alarm's preview is still on its way, its button must not be taken for this one's.
  if (button && button.dataset.alarm === list.selected) await press(button);
}

/** Open the reasons of a false alarm, the first one in focus. */
async function chooseFalse() {
  await preview.loading;
  const reasons = find('#preview .false');
  if (!reasons || reasons.dataset.alarm !== list.selected) return;
  reasons.open = true;
  find('button', reasons).focus();
}

/** Fold away what was asked before an act; the focus returns to where it was opened. */
function fold(details) {
  details.open = false;
  find('summary', details).focus();
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  if (button.dataset.act) press(button);
  else if (button.hasAttribute('data-fold')) fold(button.closest('details'));
  else if (button.hasAttribute('data-close')) button.closest('dialog').close();
  else if (button.closest('#preview .proofs')) {
    actOnProof(button, button.closest('.proofs').dataset.broadcast, complain)
      .then(() => preview.show(list.selected)).catch(explain);
  }
});
document.addEventListener('submit', (event) => {
  const form = event.target;
  const work = ['shelf', 'assign', 'comment'].find((name) => form.matches(`.${name}`));
  if (!work) return;
  event.preventDefault();
  const works = { shelf: () => putAside(form, event.submitter.dataset.deed), assign: () => assign(form), comment: () => comment(form) };
  works[work]().catch(explain);
});
// What the list is narrowed to goes along.
find('#together').addEventListener('click', (event) => {
  const words = find('#search').value.trim();
  if (!words) return;
  const address = new URL(event.currentTarget.href);
  address.searchParams.set('tim', words);
  event.currentTarget.href = address;
});
find('#help-open').addEventListener('click', () => find('#help').showModal());
findAll('dialog').forEach((dialog) => dialog.addEventListener('click', (event) => {
  if (event.target === dialog) dialog.close();
}));

listenToKeys({
  ArrowDown: () => list.move(1),
  ArrowUp: () => list.move(-1),
  Enter: () => list.selected && list.pick(list.row(list.selected), { open: true }),
  A: () => pressKey('acknowledge'),
  G: takeOrAsk,
  L: () => pressKey('talk_down'),
  F: chooseFalse,
  H: shelveOrNot,
  Escape: () => findAll('#preview .acts details[open], #preview .shelve[open], #preview .take-over[open]').forEach(fold),
  U: () => undo.press(),
  ' ': () => preview.playClip(),
  N: () => list.showPending(),
  '/': () => find('#search').focus(),
  '?': () => find('#help').showModal(),
});
