// The panel that answers an alarm over loudspeakers.

import { find, findAll, say, tell } from './dom.js';
import { Draft, requestId } from './draft.js';
import { Proofs } from './proofs.js';
import { act, piece } from './server.js';

export class SpeakPanel {
  constructor() {
    this.dialog = find('#speak');
    this.proofs = null;
    this.dialog.addEventListener('close', () => {
      if (this.proofs) this.proofs.forget();
      this.dialog.textContent = '';
    });
  }

  async open(alarmId) {
    if (this.dialog.open) return;
    const fetched = await piece(`/manh/nhac-qua-loa/${encodeURIComponent(alarmId)}`);
    this.dialog.replaceChildren(...Array.from(fetched.childNodes));
    this.form = find('#speak-form');
    this.alarm = alarmId;
    const within = (name) => find(`#speak-${name}`, this.dialog);
    this.proofs = new Proofs(within('proofs'), (sentence) => tell(within('proof-problem'), sentence));
    if (within('text')) this.prepare(within);
    this.dialog.showModal();
  }

  refresh() {
    if (this.proofs && this.dialog.open) this.proofs.refresh();
  }

  prepare(within) {
    this.draft = new Draft({
      text: within('text'),
      audio: within('audio'),
      spoken: within('spoken'),
      heardFrame: within('heard'),
      status: within('status'),
      send: within('send'),
      problem: within('problem'),
      questions: within('questions'),
    }, this.form);
    findAll('[data-ready]', this.form).forEach((button) => {
      button.addEventListener('click', () => this.useReady(button));
    });
    within('preview').addEventListener('click', () => this.attempt(within('preview'), () => this.draft.hear()));
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.attempt(within('send'), () => this.send());
    });
  }

  useReady(button) {
    this.draft.text.value = button.dataset.ready;
    findAll('[data-ready]', this.form).forEach((each) => {
      each.setAttribute('aria-pressed', String(each === button));
    });
    this.draft.changed();
  }

  async send() {
    tell(this.draft.status, say('sending'));
    this.request = this.request || requestId();
    const order = this.draft.order({ alarm_id: this.alarm, source: 'console', request_id: this.request });
    const broadcast = await act('/api/broadcasts', order);
    this.request = null;
    this.draft.audio.pause();
    this.form.hidden = true;
    find('#speak-proof').hidden = false;
    await this.proofs.show(broadcast.broadcast_id);
  }

  async attempt(button, work) {
    button.disabled = true;
    try {
      await work();
      button.disabled = false;
      this.draft.judge();
    } catch (failure) {
      if (!failure.sentence) throw failure;
      button.disabled = false;
      tell(this.draft.status, '');
      tell(this.draft.problem, failure.sentence);
    }
  }
}
