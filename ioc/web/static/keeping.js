// The page of what is kept: a hold begins or ends with a reason.

import { find, findAll } from './dom.js';
import { complain, showCounts, startFrame } from './frame.js';
import { act, piece } from './server.js';

const bell = startFrame(async () => showCounts(await piece('/manh/nhac-qua-loa-tu-dong'), bell));

function submit(form, address) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    complain('');
    const button = find('button', form);
    button.disabled = true;
    try {
      await act(address, { reason: find('input[name=reason]', form).value });
      location.assign('/luu-giu');
    } catch (failure) {
      complain(failure.sentence);
      button.disabled = false;
    }
  });
}

findAll('form[data-hold]').forEach((form) => submit(form, `/api/alarms/${form.dataset.hold}/hold`));
findAll('form[data-release]').forEach((form) => submit(form, `/api/alarms/${form.dataset.release}/release`));
