// The rows: merged in place when they change, never moved under the pointer or the focus.

import { find, findAll, merge, say, tell } from './dom.js';
import { announce } from './frame.js';

const RELEASE_MS = 300;
const plain = (text) => text.normalize('NFD').replace(/[\u0300-\u036f]/g, '').replace(/[đĐ]/g, 'd').toLowerCase();

/** A row that is held in its place although its alarm has left the list: nothing more to do there. */
function retire(row) {
  row.classList.remove('awaiting');
  row.classList.add('over');
  find('.facts', row).textContent = say('gone_from_list');
  const button = find('.next', row);
  button.dataset.act = 'view';
  button.classList.remove('primary');
  button.textContent = say('view');
}

export class List {
  /** `onSelect(alarmId, {open})` is called for the row that becomes the selected one. */
  constructor(onSelect) {
    this.onSelect = onSelect;
    this.frame = find('#rows-frame');
    this.waiting = find('#waiting');
    this.pending = null;
    this.selected = new URLSearchParams(location.search).get('canh-bao') || '';
    this.frame.addEventListener('click', (event) => this.clicked(event));
    this.frame.addEventListener('focusin', (event) => this.pick(event.target.closest('.row')));
    this.frame.addEventListener('focusout', () => this.released());
    this.frame.addEventListener('pointerleave', () => this.released());
    this.waiting.addEventListener('click', () => this.showPending());
    find('#search').addEventListener('input', () => this.filter());
    this.mark();
    this.pickFirst();
  }

  get rows() {
    return findAll('.row', this.frame);
  }

  get held() {
    return this.rows.length > 0
      && (this.frame.matches(':hover') || this.frame.contains(document.activeElement));
  }

  row(alarmId) {
    return find(`#row-${CSS.escape(alarmId)}`, this.frame);
  }

  /** Take a fetched list: known rows at once, order and new rows when nothing is held. */
  update(fetched) {
    const fresh = find('#rows-root', fetched);
    this.announceNew(fresh);
    if (!this.held) {
      this.replace(fresh);
      return;
    }
    this.pending = fresh;
    for (const row of this.rows) {
      const now = find(`#${CSS.escape(row.id)}`, fresh);
      if (now) merge(row, now.cloneNode(true));
      else retire(row);
    }
    this.mark();
    this.showWaiting();
  }

  showPending() {
    if (!this.pending) return;
    this.replace(this.pending);
  }

  /** Move the selection up or down and take the focus along. */
  move(step) {
    const rows = this.rows.filter((row) => !row.hidden);
    if (!rows.length) return;
    const index = rows.findIndex((row) => row.dataset.alarm === this.selected);
    const next = rows[Math.min(rows.length - 1, Math.max(0, index + step))];
    find('.what', next).focus();
  }

  replace(fresh) {
    this.pending = null;
    tell(this.waiting, '');
    const known = new Map(this.rows.map((row) => [row.id, row]));
    const list = find('#rows', fresh);
    const current = find('#rows', this.frame);
    if (!list || !current) {
      this.frame.replaceChildren(fresh);
    } else {
      for (const row of Array.from(list.children)) {
        const old = known.get(row.id);
        if (old) merge(old, row);
        current.append(old || row);
        known.delete(row.id);
      }
      known.forEach((row) => row.remove());
    }
    this.filter();
    this.mark();
    this.pickFirst();
  }

  announceNew(fresh) {
    const shown = this.pending || this.frame;
    for (const row of findAll('.row.awaiting', fresh)) {
      if (find(`#${CSS.escape(row.id)}`, shown)) continue;
      announce(say('announced', { what: row.dataset.what }), { urgent: row.dataset.priority === 'critical' });
    }
  }

  showWaiting() {
    const shown = this.rows.map((row) => row.id);
    const wanted = findAll('.row', this.pending).map((row) => row.id);
    const added = wanted.filter((id) => !shown.includes(id)).length;
    const moved = shown.join() !== wanted.join();
    if (!moved) this.pending = null;
    tell(this.waiting, added ? say('new_alarms', { n: added }) : moved ? say('changed_order') : '');
  }

  released() {
    setTimeout(() => {
      if (this.pending && !this.held) this.showPending();
    }, RELEASE_MS);
  }

  clicked(event) {
    const row = event.target.closest('.row');
    if (!row || event.target.closest('button')) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.pick(row, { open: event.detail === 0 });
  }

  pick(row, { open = false } = {}) {
    if (!row) return;
    const changed = this.selected !== row.dataset.alarm;
    if (!changed && !open) return;
    this.selected = row.dataset.alarm;
    this.mark();
    this.onSelect(this.selected, { open });
  }

  pickFirst() {
    if (!this.selected) this.pick(this.rows[0]);
  }

  mark() {
    for (const row of this.rows) {
      const chosen = row.dataset.alarm === this.selected;
      row.classList.toggle('selected', chosen);
      if (chosen) find('.what', row).setAttribute('aria-current', 'true');
      else find('.what', row).removeAttribute('aria-current');
    }
  }

  filter() {
    const wanted = plain(find('#search').value.trim());
    this.rows.forEach((row) => {
      row.hidden = !plain(row.textContent).includes(wanted);
    });
    find('#no-match').hidden = !this.rows.length || this.rows.some((row) => !row.hidden);
  }
}

