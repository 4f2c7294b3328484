// The page of rules: switches, and a text that is checked by line and tried on the last day.

import { find, mergeChildren, say, tell } from './dom.js';
import { announce, complain, showCounts, startFrame } from './frame.js';
import { act, piece } from './server.js';

const form = find('#rules-form');
const frame = find('#rules-frame');
const language = document.body.dataset.language;

async function refresh() {
  const fetched = await piece('/manh/quy-tac');
  showCounts(fetched, bell);
  mergeChildren(find('#rules', frame), find('#rules', fetched));
  const fresh = find('#fresh-text', fetched);
  // What somebody is writing is never overwritten; the centre refuses it if it has become old.
  if (form && fresh && text().value === form.written) adopt(fresh.textContent, fresh.dataset.number);
}

const text = () => find('#rules-text');

function adopt(written, number) {
  text().value = written;
  form.written = text().value;
  form.dataset.number = number;
}

/** Show faults; each leads to its line. */
function showFaults(faults) {
  const items = faults.map((fault) => {
    const item = document.createElement('li');
    const button = document.createElement('button');
    button.type = 'button';
    button.className = `line ${fault.severity}`;
    button.textContent = `${say('rule_line', { line: fault.line })}: ${fault[language]}`;
    button.addEventListener('click', () => select(fault.line));
    item.append(button);
    return item;
  });
  find('#rules-faults').replaceChildren(...items);
}

function select(line) {
  const lines = text().value.split('\n');
  const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  text().focus();
  text().setSelectionRange(start, start + (lines[line - 1] ?? '').length);
  const height = text().scrollHeight / Math.max(lines.length, 1);
  text().scrollTop = Math.max(0, (line - 5) * height);
}

async function check() {
  const faults = await act('/api/rules/check', { text: text().value });
  showFaults(faults);
  const errors = faults.filter((fault) => fault.severity === 'error').length;
  tell(find('#rules-said'), errors ? say('rules_faulty', { n: errors }) : say('rules_right'));
  return errors === 0;
}

async function save() {
  if (!(await check())) return;
  const kept = await act('/api/rules', { text: text().value, number: Number(form.dataset.number) });
  adopt(kept.text, kept.number);
  tell(find('#rules-said'), say('rules_saved'));
  await refresh();
}

const at = (instant) => (instant
  ? new Date(instant).toLocaleString(language, { timeZone: document.body.dataset.zone || undefined, dateStyle: 'short', timeStyle: 'medium' })
  : '–');

async function tryOut() {
  if (!(await check())) return;
  const trial = await act('/api/rules/trial', { text: text().value });
  const rows = trial.episodes.map((episode) => {
    const row = document.createElement('tr');
    const why = language === 'en' ? episode.why_en : episode.why_vi;
    const times = episode.times > 1 ? ` (${episode.times}×)` : '';
    const late = episode.late ? ` ${say('rules_late')}` : '';
    [at(episode.began_at), episode.ended_at ? at(episode.ended_at) : say('rules_lasts'), episode.name, episode.where || '–', `${why}${times}${late}`]
      .forEach((words) => {
        const cell = document.createElement('td');
        cell.textContent = words;
        row.append(cell);
      });
    return row;
  });
  find('#rules-episodes').replaceChildren(...rows);
  const counts = { n: rows.length, events: trial.events, series: trial.series };
  const cut = trial.cut ? ` ${say('rules_cut')}` : '';
  tell(find('#rules-trial-said'), `${say('rules_tried', counts)}${cut}`);
  find('#rules-trial-result').hidden = false;
}

async function attempt(button, work) {
  button.disabled = true;
  try {
    await work();
    complain('');
  } catch (failure) {
    if (!failure.sentence) throw failure;
    complain(failure.sentence);
  } finally {
    button.disabled = false;
  }
}

const bell = startFrame(refresh);
frame.addEventListener('click', (event) => {
  const button = event.target.closest('[data-switch]');
  if (!button) return;
  attempt(button, async () => {
    const enabled = button.dataset.enabled === 'true';
    await act(`/api/rules/${encodeURIComponent(button.dataset.switch)}/switch`, { enabled });
    announce(say(enabled ? 'rule_on' : 'rule_off'));
    await refresh();
  });
});
if (form) {
  form.written = text().value;
  find('#rules-check').addEventListener('click', (event) => attempt(event.currentTarget, check));
  find('#rules-trial').addEventListener('click', (event) => attempt(event.currentTarget, tryOut));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    attempt(find('#rules-save'), save);
  });
}
