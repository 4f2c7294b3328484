// The duty roster: shifts are added and removed; who may be chosen depends on the area.

import { find, findAll } from './dom.js';
import { complain, showCounts, startFrame } from './frame.js';
import { act, piece } from './server.js';

const bell = startFrame(async () => showCounts(await piece('/manh/nhac-qua-loa-tu-dong'), bell));
const form = find('#shift-form');

async function attempt(button, work) {
  complain('');
  button.disabled = true;
  try {
    await work();
    location.reload();
  } catch (failure) {
    if (!failure.sentence) throw failure;
    complain(failure.sentence);
    button.disabled = false;
  }
}

/** Offer the people of the chosen area; who is chosen stays chosen if they may be. */
function offerPeople() {
  const people = find(`[data-people="${CSS.escape(form.elements.area_id.value)}"]`, form);
  findAll('[data-rank]', form).forEach((select) => {
    const chosen = select.value;
    const nobody = select.options[0];
    const copies = findAll('option', people).map((option) => option.cloneNode(true));
    select.replaceChildren(nobody, ...copies);
    select.value = copies.some((option) => option.value === chosen) ? chosen : '';
  });
}

function showKind() {
  findAll('[data-kind]', form).forEach((each) => { each.hidden = each.dataset.kind !== form.elements.kind.value; });
}

/** `7`, `7:00`, `7h` and `07.00` as the interface takes them. */
function hour(written) {
  const [hours, minutes] = written.trim().split(/[:.h]/);
  return `${hours.padStart(2, '0')}:${(minutes || '').padStart(2, '0')}`;
}

function wanted() {
  const { area_id, kind, begins, ends, first_day, last_day, person, deputy, leader } = Object.fromEntries(new FormData(form));
  const weekly = kind === 'weekly';
  return {
    area_id,
    begins: hour(begins),
    ends: hour(ends),
    days: weekly ? new FormData(form).getAll('day') : [],
    first_day: weekly ? null : first_day || null,
    last_day: weekly ? null : last_day || first_day || null,
    person: person || null,
    deputy: deputy || null,
    leader: leader || null,
  };
}

findAll('[data-remove]').forEach((button) => button.addEventListener('click', () => {
  attempt(button, () => act(`/api/roster/shifts/${button.dataset.remove}/remove`));
}));

if (form) {
  form.elements.area_id.addEventListener('change', offerPeople);
  findAll('[name=kind]', form).forEach((each) => each.addEventListener('change', showKind));
  offerPeople();
  showKind();
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    attempt(find('button[type=submit]', form), () => act('/api/roster/shifts', wanted()));
  });
}
