// The page where announcements are made: typed, recorded, put together from phrases, or relayed.

import { find, findAll, say, tell } from './dom.js';
import { Draft, requestId } from './draft.js';
import { showCounts, startFrame } from './frame.js';
import { Proofs } from './proofs.js';
import { act, piece, read, upload } from './server.js';

const form = find('#broadcast-form');
const proofs = form && new Proofs(find('#proofs'), (sentence) => tell(find('#form-problem'), sentence));
const bell = startFrame(async () => {
  showCounts(await piece('/manh/dau-trang'), bell);
  if (proofs) proofs.refresh();
});
const value = (id) => (find(`#${id}`) ? find(`#${id}`).value : '');
const ticked = (id) => Boolean(find(`#${id}`) && find(`#${id}`).checked);
const source = () => find('input[name=source]:checked', form).value;
const framing = () => ({ chime: value('chime'), status: ticked('exercise') ? 'exercise' : 'actual' });
const SLOTS = { giờ: 'time', ngày: 'day', nơi: 'place', số: 'number' };

let draft;
let uploaded = null;
let request = null;
let bank = { templates: [], places: [] };

/** Everything an order says besides what is played. */
function how() {
  request = request || requestId();
  const start = value('start');
  return {
    loudspeakers: draft.loudspeakers,
    source: 'console',
    priority: value('priority'),
    level: value('level') || null,
    not_before: start ? new Date(start).toISOString() : null,
    request_id: request,
  };
}

async function hear() {
  tell(draft.problem, '');
  if (source() === 'text') {
    await draft.hear({ ...framing(), said_twice: value('priority') === 'emergency' });
  } else if (source() === 'recording') {
    await hearRecording();
  } else {
    await hearPhrases();
  }
}

/** Send the file once; what surrounds it is put around it at the centre. */
async function hearRecording() {
  const [file] = find('#file').files;
  if (!file) {
    tell(draft.problem, say('choose_file'));
    return;
  }
  const title = value('title').trim() || file.name;
  const key = [file.name, file.size, file.lastModified, value('purpose'), title].join('/');
  if (!uploaded || uploaded.key !== key) {
    tell(draft.status, say('uploading'));
    const query = new URLSearchParams({ title, purpose: value('purpose') });
    uploaded = { key, preview: await upload(`/api/recordings?${query}`, file) };
  }
  let { preview } = uploaded;
  if (framing().chime !== 'none' || framing().status === 'exercise') {
    tell(draft.status, say('rendering'));
    preview = await act(`/api/recordings/${preview.audio_sha256}/preview`, { title, ...framing() });
  }
  draft.take(preview, { mustBeHeard: false });
}

async function hearPhrases() {
  const slots = {
    giờ: value('slot-time-value'),
    ngày: value('slot-day-value') || value('slot-date-value'),
    nơi: value('slot-place-value'),
    số: value('slot-number-value'),
  };
  const template = bank.templates.find((each) => each.template_id === value('template'));
  if (!template) {
    tell(draft.problem, say('no_template'));
    return;
  }
  const wanted = Object.fromEntries(template.slots.map((name) => [name, slots[name]]));
  tell(draft.status, say('rendering'));
  const order = { template_id: template.template_id, slots: wanted, ...framing() };
  const preview = await act(`/api/phrases/${value('language')}/preview`, order);
  draft.take({ ...preview, spoken_text: preview.text }, { mustBeHeard: true });
}

function send() {
  if (source() !== 'relay') {
    const order = {
      ...how(),
      status: framing().status,
      when_interrupted: ticked('resume') ? 'resume' : 'drop',
      turns: ticked('turns') ? 2 : 1,
    };
    return act('/api/broadcasts', draft.order(order));
  }
  const station = find('#station').selectedOptions[0];
  const url = station.value || value('stream-url').trim();
  return act('/api/relays', {
    ...how(), title: station.value ? station.textContent : url, stream_url: url, duration_s: Number(value('minutes')) * 60,
  });
}

async function attempt(button, work) {
  button.disabled = true;
  try {
    await work();
  } catch (failure) {
    if (!failure.sentence) throw failure;
    tell(draft.status, '');
    tell(draft.problem, failure.sentence);
  } finally {
    button.disabled = false;
    draft.judge();
    judge();
  }
}

/** A relay needs no preview; the button names what an emergency reaches. */
function judge() {
  const chosen = draft.loudspeakers.length;
  const button = find('#send');
  if (source() === 'relay') button.disabled = !chosen || !find('#station');
  const isUrgent = value('priority') === 'emergency';
  button.textContent = say(isUrgent ? 'broadcast_emergency' : 'broadcast_to', { n: chosen });
  button.classList.toggle('urgent', isUrgent);
}

/** Another source or another framing is another sound. */
function changed() {
  findAll('[data-source]', form).forEach((part) => {
    part.hidden = part.dataset.source !== source();
  });
  findAll('[data-not-for]', form).forEach((part) => {
    part.hidden = part.dataset.notFor === source();
  });
  draft.changed();
  tell(draft.status, form.dataset.heardFirst);
  judge();
}

async function loadBank() {
  bank = await read(`/api/phrases/${value('language')}`);
  fill(find('#template'), bank.templates.map((each) => [each.template_id, each.pattern]));
  fill(find('#slot-place-value'), bank.places.map((each) => [each.place_id, each.name]));
  offerSlots();
}

function fill(select, options) {
  select.replaceChildren(...options.map(([key, text]) => new Option(text, key)));
}

function offerSlots() {
  const template = bank.templates.find((each) => each.template_id === value('template'));
  Object.entries(SLOTS).forEach(([name, id]) => {
    find(`#slot-${id}`).hidden = !template || !template.slots.includes(name);
  });
}

function start() {
  draft = new Draft({
    text: find('#text'), audio: find('#audio'), spoken: find('#spoken'), heardFrame: find('#heard'),
    status: find('#status'), send: find('#send'), problem: find('#form-problem'), questions: find('#questions'),
  }, find('.loudspeakers', form));
  find('#preview').addEventListener('click', () => attempt(find('#preview'), hear));
  // Pressed before, it would have done nothing, and nobody would know why.
  find('#preview').disabled = false;
  form.addEventListener('change', (event) => {
    request = null;
    if (event.target.id === 'language') attempt(find('#preview'), loadBank);
    if (event.target.id === 'template') offerSlots();
    if (event.target.id === 'station' && find('#other-station')) find('#other-station').hidden = Boolean(value('station'));
    const isSound = event.target.closest('[data-source], #priority, #chime, #exercise, input[name=source]');
    if (isSound && event.target.id !== 'text') changed();
    if (event.target.name === 'source' && source() === 'phrases') attempt(find('#preview'), loadBank);
    judge();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    attempt(find('#send'), async () => {
      const broadcast = await send();
      request = null;
      draft.audio.pause();
      form.hidden = true;
      find('#proof').hidden = false;
      await proofs.show(broadcast.broadcast_id);
    });
  });
  find('#again').addEventListener('click', () => {
    proofs.forget();
    find('#proof').hidden = true;
    form.hidden = false;
    changed();
  });
  judge();
}

if (form) start();
