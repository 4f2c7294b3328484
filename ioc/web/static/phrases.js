// The phrase bank: what sentences in a language need, recorded one by one.

import { find, say, tell } from './dom.js';
import { showCounts, startFrame } from './frame.js';
import { act, piece, read, upload } from './server.js';

const mayEdit = find('#list').dataset.mayEdit === 'yes';
const language = () => find('#language').value;
const problem = (sentence) => tell(find('#phrase-problem'), sentence);
const bell = startFrame(async () => showCounts(await piece('/manh/dau-trang'), bell));

async function attempt(work) {
  problem('');
  try {
    await work();
  } catch (failure) {
    if (!failure.sentence) throw failure;
    tell(find('#phrase-status'), '');
    problem(failure.sentence);
  }
}

async function show() {
  const bank = await read(`/api/phrases/${language()}`);
  list(find('#templates'), bank.templates, (each) => [
    text(`${each.pattern} `), ...(mayEdit ? [removal(each)] : []),
  ]);
  list(find('#missing'), bank.missing, (each) => [text(`“${each.meaning}” · `), recorder(each, find('#missing'))]);
  list(find('#recorded'), bank.recorded, (each) => [
    text(`“${each.meaning}” · ${each.recorded_by} · `), listener(each), ' ', recorder(each, find('#recorded')),
  ]);
}

function list(frame, entries, parts) {
  const rows = entries.map((each) => {
    const row = document.createElement('li');
    row.append(...parts(each));
    return row;
  });
  if (!rows.length) {
    const none = document.createElement('li');
    none.append(text(frame.dataset.none));
    rows.push(none);
  }
  frame.replaceChildren(...rows);
}

const text = (words) => document.createTextNode(words);

/** A label that is pressed like a button: the phone's own recorder opens. */
function recorder(phrase, frame) {
  const label = document.createElement('label');
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = 'audio/*';
  input.capture = 'user';
  input.setAttribute('aria-label', `${frame.dataset.record}: ${phrase.meaning}`);
  label.append(text(`${frame.dataset.record} `), input);
  input.addEventListener('change', () => attempt(async () => {
    if (!input.files.length) return;
    tell(find('#phrase-status'), say('uploading'));
    const query = new URLSearchParams({ key: phrase.key });
    await upload(`/api/phrases/${language()}/recordings?${query}`, input.files[0]);
    tell(find('#phrase-status'), say('phrase_kept'));
    await show();
  }));
  return label;
}

function button(words, name, work) {
  const made = document.createElement('button');
  made.type = 'button';
  made.textContent = words;
  made.setAttribute('aria-label', `${words}: ${name}`);
  made.addEventListener('click', () => attempt(work));
  return made;
}

function listener(phrase) {
  return button(find('#recorded').dataset.listen, phrase.meaning, async () => {
    const audio = find('#listen');
    audio.hidden = false;
    audio.src = `/api/audio/${phrase.audio_sha256}`;
    await audio.play().catch(() => problem(say('not_playable')));
  });
}

function removal(template) {
  return button(find('#templates').dataset.remove, template.pattern, async () => {
    await act(`/api/phrase-templates/${encodeURIComponent(template.template_id)}/remove`);
    await show();
  });
}

function adding(formId, inputId, address, field) {
  const form = find(formId);
  if (!form) return;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    attempt(async () => {
      await act(address, { [field]: find(inputId).value.normalize('NFC') });
      find(inputId).value = '';
      await show();
    });
  });
}

find('#language').addEventListener('change', () => attempt(show));
adding('#template-form', '#pattern', '/api/phrase-templates', 'pattern');
adding('#place-form', '#place', '/api/phrase-places', 'name');
attempt(show);
