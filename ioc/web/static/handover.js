// Handing over and taking over a shift.

import { find, findAll } from './dom.js';
import { complain, showCounts, startFrame } from './frame.js';
import { act, piece } from './server.js';

const bell = startFrame(async () => showCounts(await piece('/manh/nhac-qua-loa-tu-dong'), bell));

findAll('form[data-post]').forEach((form) => form.addEventListener('submit', async (event) => {
  event.preventDefault();
  complain('');
  const button = find('button', form);
  button.disabled = true;
  try {
    await act(form.dataset.post, { note: find('textarea', form).value });
    location.assign(form.dataset.done);
  } catch (failure) {
    if (!failure.sentence) throw failure;
    complain(failure.sentence);
    button.disabled = false;
  }
}));
