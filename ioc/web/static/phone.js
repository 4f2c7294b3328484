// The phone page: write, hear, send, see the proof; what was typed survives a lost network.

import { find, say, tell } from './dom.js';
import { Draft, requestId } from './draft.js';
import { follow } from './feed.js';
import { Proofs } from './proofs.js';
import { act, upload } from './server.js';
import { startSizes } from './sizes.js';
import { refreshTasks } from './tasks.js';
import { clock, now } from './time.js';

const TEXT = 'loa.text';
const SEND_WITHIN_MS = 5 * 60 * 1000;
const AGAIN_MS = 3000;

const bar = (sentence) => tell(find('#offline'), sentence);
const proofs = new Proofs(find('#proofs'), (sentence) => bar(sentence));
const recent = find('#recent') && new Proofs(find('#recent'), (sentence) => bar(sentence));
let pending = null;

function step(name) {
  ['write', 'check', 'proof'].forEach((each) => {
    find(`#${each}`).hidden = each !== name;
  });
  window.scrollTo(0, 0);
}

function startDraft() {
  const text = find('#text');
  if (!text) return;
  text.value = localStorage.getItem(TEXT) || '';
  const draft = new Draft({
    text, audio: find('#audio'), spoken: find('#spoken'), heardFrame: null,
    status: find('#check-status'), send: find('#send'), problem: find('#write-problem'),
    questions: find('#questions'),
  }, find('#check'));
  text.addEventListener('input', () => localStorage.setItem(TEXT, text.value));
  find('#hear').disabled = false; // pressed before, it would have done nothing
  find('#hear').addEventListener('click', () => attempt(find('#hear'), '#write-problem', async () => {
    draft.problem = find('#write-problem');
    if (!await draft.hear()) return;
    draft.problem = find('#check-problem');
    step('check');
  }));
  const recording = find('#recording');
  recording.addEventListener('change', () => attempt(recording, '#write-problem', async () => {
    if (!recording.files.length) return;
    tell(find('#record-status'), say('uploading'));
    tell(find('#write-problem'), '');
    try {
      const title = say('recorded_at', { at: clock(now()) });
      const preview = await upload(`/api/recordings?${new URLSearchParams({ title })}`, recording.files[0]);
      draft.take(preview, { mustBeHeard: false });
      draft.problem = find('#check-problem');
      step('check');
    } finally {
      tell(find('#record-status'), '');
      recording.value = '';
    }
  }));
  find('#change').addEventListener('click', () => {
    draft.audio.pause();
    forget();
    step('write');
  });
  find('#send').addEventListener('click', () => {
    draft.audio.pause();
    pending = {
      order: draft.order({ source: 'phone', request_id: requestId() }),
      until: new Date(now().getTime() + SEND_WITHIN_MS),
    };
    send();
  });
  find('#again').addEventListener('click', () => {
    proofs.forget();
    text.value = '';
    draft.changed();
    step('write');
  });
}

async function attempt(button, problem, work) {
  button.disabled = true;
  try {
    await work();
    bar('');
  } catch (failure) {
    if (!failure.sentence) throw failure;
    if (failure.offline) bar(say('offline'));
    else tell(find(problem), failure.sentence);
  } finally {
    button.disabled = false;
  }
}

/** Send what is pending; without network again, until its time is over. The same number plays once. */
async function send() {
  if (!pending) return;
  const { order, until } = pending;
  if (now() > until) {
    forget();
    bar(say('back_online'));
    return;
  }
  find('#send').disabled = true;
  tell(find('#check-status'), say('sending'));
  try {
    const broadcast = await act('/api/broadcasts', order);
    forget();
    localStorage.removeItem(TEXT);
    bar('');
    step('proof');
    await proofs.show(broadcast.broadcast_id);
  } catch (failure) {
    if (!failure.sentence) throw failure;
    tell(find('#check-status'), '');
    if (failure.offline) {
      bar(say('offline_pending', { until: clock(until) }));
      setTimeout(send, AGAIN_MS);
      return;
    }
    forget();
    tell(find('#check-problem'), failure.sentence);
  }
}

function forget() {
  pending = null;
  find('#send').disabled = false;
}

function lookAgain(failure) {
  if (!failure.sentence) throw failure;
  bar(failure.sentence);
}

startSizes();
startDraft();
if (recent) recent.show(find('.proofs', find('#recent')).dataset.broadcast);
if (!navigator.onLine) bar(say('offline'));
window.addEventListener('offline', () => {
  if (!pending) bar(say(find('#proof').hidden ? 'offline' : 'proof_old'));
});
window.addEventListener('online', () => pending || bar(''));
follow(Number(document.body.dataset.journal), (news) => {
  if (news.kind === 'ended') location.assign('/dang-nhap');
  if (news.kind === 'change' && news.subjects.alarm) refreshTasks().catch(lookAgain);
  if (news.kind === 'change' && (news.subjects.broadcast || news.subjects.device || news.subjects.gateway)) {
    proofs.refresh();
    if (recent) recent.refresh();
  }
});
