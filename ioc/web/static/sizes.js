// The size of the type on the phone's pages, remembered by the phone.

import { find } from './dom.js';

const SIZE = 'loa.size';
const SIZES = ['', 'larger', 'largest'];

/** Let the two buttons of the head change it. */
export function startSizes() {
  const apply = (size) => {
    document.documentElement.className = SIZES[size];
    localStorage.setItem(SIZE, String(size));
  };
  const current = () => Math.max(0, SIZES.indexOf(document.documentElement.className));
  apply(Math.min(2, Number(localStorage.getItem(SIZE)) || 0));
  find('#smaller').addEventListener('click', () => apply(Math.max(0, current() - 1)));
  find('#larger').addEventListener('click', () => apply(Math.min(2, current() + 1)));
}
