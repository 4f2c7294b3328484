// Handing over and taking over a shift.

import { find, findAll } from './dom.js';
import { complain, showCounts, startFrame } from './frame.js';
import { act, piece } from './server.js';

const bell = startFrame(async () => showCounts(await piece('/manh/nhac-qua-loa-tu-dong'), bell));

const forms = findAll('form[data-post]');
forms.forEach((form) => form.addEventListener('submit', async (event) => {
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
// Until now a press would have been lost.
forms.forEach((form) => { find('button', form).disabled = false; });
