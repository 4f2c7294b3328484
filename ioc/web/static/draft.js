// A text on its way to the loudspeakers: rendered, heard by its author, then sent.

import { findAll, say, tell } from './dom.js';
import { act } from './server.js';

const HEARD_S = 1;
const MOST_CHARACTERS = 1000;

/** Elements: text, audio, spoken, heardFrame, status, send, problem; `boxes`: the form around the loudspeakers. */
export class Draft {
  constructor(elements, boxes) {
    Object.assign(this, elements);
    this.boxes = boxes;
    this.preview = null;
    this.text.addEventListener('input', () => this.changed());
    this.audio.addEventListener('playing', () => tell(this.status, say('playing_here')));
    this.audio.addEventListener('timeupdate', () => this.listen());
    this.audio.addEventListener('ended', () => this.listen());
    boxes.addEventListener('change', () => this.judge());
  }

  get loudspeakers() {
    return findAll('input[name=loudspeaker]:checked', this.boxes).map((box) => {
      const [gateway_id, device_id] = box.value.split('/');
      return { gateway_id, device_id };
    });
  }

  /** The order for the centre, as heard. */
  order(extra) {
    return {
      text: this.preview.text,
      audio_sha256: this.preview.audio_sha256,
      loudspeakers: this.loudspeakers,
      ...extra,
    };
  }

  changed() {
    this.preview = null;
    this.heard = false;
    this.audio.pause();
    if (this.heardFrame) this.heardFrame.hidden = true;
    this.judge();
  }

  /** Have the text rendered and play it here; resolves true once it is there to be heard. */
  async hear() {
    const text = this.text.value.normalize('NFC').trim();
    if (!text) {
      tell(this.problem, say('write_text'));
      return false;
    }
    const length = Array.from(text).length; // as the centre counts: a letter outside the BMP is one
    if (length > MOST_CHARACTERS) {
      tell(this.problem, say('too_long', { n: length, most: MOST_CHARACTERS }));
      return false;
    }
    tell(this.problem, '');
    tell(this.status, say('rendering'));
    const preview = await act('/api/previews', { text });
    this.preview = { ...preview, text };
    this.heard = false;
    this.spoken.textContent = preview.spoken_text;
    this.audio.src = `/api/audio/${preview.audio_sha256}`;
    if (this.heardFrame) this.heardFrame.hidden = false;
    this.judge();
    this.audio.play().catch(() => tell(this.status, say('not_playable')));
    return true;
  }

  listen() {
    const { currentTime, ended } = this.audio;
    if (this.heard || !this.preview || (currentTime < HEARD_S && !ended)) return;
    this.heard = true;
    tell(this.status, say('heard'));
    this.judge();
  }

  judge() {
    const chosen = this.loudspeakers.length > 0;
    this.send.disabled = !(this.preview && this.heard && chosen);
    if (this.preview && !chosen) tell(this.problem, say('choose_loudspeaker'));
    else if (this.problem.dataset.said === say('choose_loudspeaker')) tell(this.problem, '');
  }
}

/** A number for one act of sending, so that sending it again plays nothing twice. */
export function requestId() {
  const noise = crypto.getRandomValues(new Uint32Array(4));
  return Array.from(noise, (part) => part.toString(16)).join('-');
}

