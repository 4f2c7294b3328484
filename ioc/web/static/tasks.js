// The alarms that a hamlet head was given: take them, and write back to who watches.

import { find, mergeChildren, say, tell } from './dom.js';
import { act, piece } from './server.js';

const tasks = find('#tasks');
const said = find('#tasks-said');

export async function refreshTasks() {
  const fetched = find('#tasks', await piece('/manh/viec-duoc-giao'));
  mergeChildren(tasks, fetched);
  tasks.hidden = fetched.hidden;
}

async function attempt(button, work) {
  button.disabled = true;
  tell(said, '');
  try {
    tell(said, await work());
    await refreshTasks();
  } catch (failure) {
    if (!failure.sentence) throw failure;
    tell(said, failure.offline ? say('task_unsent') : failure.sentence);
  } finally {
    button.disabled = false;
  }
}

async function write(form) {
  const text = find('textarea', form);
  if (!text.value.trim()) return say('comment_empty');
  await act(`/api/alarms/${form.dataset.task}/comments`, { text: text.value });
  text.value = '';
  return say('task_sent');
}

tasks.addEventListener('click', ({ target }) => {
  const { take } = target.dataset;
  if (!take) return;
  attempt(target, async () => {
    await act(`/api/alarms/${take}/take`, { instead_of: find('main').dataset.me });
    return say('task_taken');
  });
});

tasks.addEventListener('submit', (event) => {
  event.preventDefault();
  attempt(find('button', event.target), () => write(event.target));
});
