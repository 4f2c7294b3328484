// The page of talk-downs: what is set, and a form whose texts are heard before they are set.

import { find, findAll, mergeChildren, tell } from './dom.js';
import { Draft } from './draft.js';
import { complain, showCounts, startFrame } from './frame.js';
import { act, piece } from './server.js';

const frame = find('#talk-downs-frame');
const form = find('#talk-down-form');

async function refresh() {
  const fetched = await piece('/manh/nhac-qua-loa-tu-dong');
  showCounts(fetched, bell);
  mergeChildren(find('#talk-downs', frame), find('#talk-downs', fetched));
}

/** One of the two texts; `ready` once it has been heard as it stands. */
function makeDraft(when) {
  const within = (name) => find(`#talk-down-${when}-${name}`);
  const gate = document.createElement('button');
  const draft = new Draft({
    text: within('text'), audio: within('audio'), spoken: within('spoken'), heardFrame: within('heard'),
    status: within('status'), send: gate, problem: find('#talk-down-problem'),
  }, form);
  within('preview').addEventListener('click', () => attempt(within('preview'), () => draft.hear()));
  new MutationObserver(judge).observe(gate, { attributes: true });
  within('text').addEventListener('input', judge);
  draft.gate = gate;
  draft.heardSentence = 'heard_talk_down';
  return draft;
}

/** The night's text may be left out; a text that stands there must have been heard. */
function judge() {
  const [day, night] = drafts;
  if (!day || !night) return;
  const isNightReady = !night.text.value.trim() || !night.gate.disabled;
  const hasCause = findAll('input[name=cause]:checked', form).length > 0;
  find('#talk-down-save').disabled = day.gate.disabled || !isNightReady || !hasCause;
}

/** Offer the loudspeakers of the camera's gateway, the near ones ticked. */
function offerLoudspeakers() {
  const chosen = find('#talk-down-camera').selectedOptions[0];
  const [gateway] = chosen.value.split('/');
  const near = chosen.dataset.near.split(' ');
  findAll('input[name=loudspeaker]', form).forEach((box) => {
    const [of, device] = box.value.split('/');
    box.closest('label').hidden = of !== gateway;
    box.checked = of === gateway && near.includes(device);
  });
  form.dispatchEvent(new Event('change'));
}

function body() {
  const [gateway_id, camera_id] = find('#talk-down-camera').value.split('/');
  const [day, night] = drafts;
  const hours = find('#talk-down-hours').value.split(/[,;\s]+/).filter(Boolean);
  const atNight = night.text.value.trim()
    ? { night_text: night.preview.text, night_audio_sha256: night.preview.audio_sha256 } : {};
  return {
    gateway_id,
    camera_id,
    causes: findAll('input[name=cause]:checked', form).map((box) => box.value),
    loudspeaker_ids: day.loudspeakers.map((each) => each.device_id),
    text: day.preview.text,
    audio_sha256: day.preview.audio_sha256,
    ...atNight,
    hours,
    cool_down_s: Number(find('#talk-down-cool-down').value),
    daily_limit: Number(find('#talk-down-limit').value),
  };
}

async function attempt(button, work) {
  button.disabled = true;
  try {
    await work();
  } catch (failure) {
    if (!failure.sentence) throw failure;
    tell(find('#talk-down-problem'), failure.sentence);
  } finally {
    button.disabled = false;
    judge();
  }
}

async function remove(button) {
  button.disabled = true;
  try {
    await act(`/api/talk-downs/${encodeURIComponent(button.dataset.remove)}/remove`);
    complain('');
    await refresh();
  } catch (failure) {
    if (!failure.sentence) throw failure;
    complain(failure.sentence);
    button.disabled = false;
  }
}

const bell = startFrame(refresh);
const drafts = [];
frame.addEventListener('click', (event) => {
  const button = event.target.closest('[data-remove]');
  if (button) remove(button);
});
if (form) {
  drafts.push(makeDraft('day'), makeDraft('night'));
  find('#talk-down-camera').addEventListener('change', offerLoudspeakers);
  form.addEventListener('change', judge);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    attempt(find('#talk-down-save'), async () => {
      tell(find('#talk-down-problem'), '');
      await act('/api/talk-downs', body());
      drafts.forEach((draft) => draft.changed());
      await refresh();
    });
  });
  offerLoudspeakers();
}
