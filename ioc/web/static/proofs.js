// The proof of a broadcast: kept fresh while it plays; stop, repeat, told in person.

import { find, mergeChildren, say } from './dom.js';
import { act, piece } from './server.js';

const WHILE_PLAYING_MS = 1000;

export class Proofs {
  /** `frame`: where the proof is shown; `complain(sentence)`: what failed. */
  constructor(frame, complain) {
    this.frame = frame;
    this.complain = complain;
    this.broadcast = '';
    this.timer = 0;
    this.failing = false;
    frame.addEventListener('click', (event) => this.clicked(event));
  }

  /** Show a broadcast and keep it fresh until nothing more can change. */
  async show(broadcastId) {
    this.broadcast = broadcastId;
    clearTimeout(this.timer);
    try {
      const fetched = await piece(`/manh/phat/${encodeURIComponent(broadcastId)}`);
      if (this.broadcast !== broadcastId) return;
      mergeChildren(this.frame, fetched);
      if (this.failing) this.complain('');
      this.failing = false;
    } catch (failure) {
      if (!failure.sentence) throw failure;
      this.failing = true;
      // Only looking failed: nothing may sound as if it had not been played.
      this.complain(failure.offline ? say('proof_old') : failure.sentence);
    }
    const proofs = find('.proofs', this.frame);
    if (!proofs || proofs.dataset.playing === 'yes') {
      this.timer = setTimeout(() => this.show(broadcastId), WHILE_PLAYING_MS);
    }
  }

  refresh() {
    if (this.broadcast) this.show(this.broadcast);
  }

  forget() {
    this.broadcast = '';
    clearTimeout(this.timer);
  }

  clicked(event) {
    const button = event.target.closest('button');
    const proofs = event.target.closest('.proofs');
    if (!button || !proofs) return;
    actOnProof(button, proofs.dataset.broadcast, this.complain).then(() => this.show(proofs.dataset.broadcast));
  }
}

/** Do what a button in a proof says. */
export async function actOnProof(button, broadcastId, complain) {
  const address = `/api/broadcasts/${encodeURIComponent(broadcastId)}`;
  const { stop, repeat, told } = button.dataset;
  const [gateway_id, device_id] = (repeat || told || '/').split('/');
  button.disabled = true;
  try {
    if (stop !== undefined) await act(`${address}/stop`);
    else if (repeat) await act(`${address}/repeat`, { gateway_id, device_id });
    else if (told) await act(`${address}/told-in-person`, { gateway_id, device_id });
    complain('');
  } catch (failure) {
    if (!failure.sentence) throw failure;
    complain(failure.sentence);
  } finally {
    button.disabled = false;
  }
}
