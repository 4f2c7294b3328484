// Single keys of the console; they do nothing while somebody types or a panel is open.

import { find } from './dom.js';

const STORED = 'keys';

/** `acts` maps keys to functions; returns nothing. */
export function listenToKeys(acts) {
  const switched = find('#keys-enabled');
  switched.checked = localStorage.getItem(STORED) !== 'off';
  switched.addEventListener('change', () => localStorage.setItem(STORED, switched.checked ? 'on' : 'off'));
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    if (event.target.closest('input, textarea, select, [contenteditable]') || find('dialog[open]')) return;
    // A button is pressed with either, and a video has a space bar of its own.
    if ([' ', 'Enter'].includes(event.key) && event.target.closest('button, summary')) return;
    if (event.key === ' ' && event.target.closest('video, audio')) return;
    const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
    if (!acts[key] || (event.key.length === 1 && !switched.checked && key !== '?')) return;
    event.preventDefault();
    // Held down, the space bar would play and pause by turns.
    if (event.repeat && key === ' ') return;
    acts[key]();
  });
}
