// A text on its way to the loudspeakers: rendered, heard by its author, then sent.

import { findAll, say, tell } from './dom.js';
import { act } from './server.js';

const HEARD_S = 1;
const MOST_CHARACTERS = 1000;

/**
 * Elements: text, audio, spoken, heardFrame, status, send, problem, perhaps questions;
 * `boxes`: the form around the loudspeakers.
 */
export class Draft {
  constructor(elements, boxes) {
    Object.assign(this, elements);
    this.boxes = boxes;
    this.preview = null;
    this.readings = {};
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
  async hear(framing = {}) {
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
    const readings = this.answers(text);
    const preview = await act('/api/previews', { text, readings, ...framing });
    this.take({ ...preview, text });
    return true;
  }

  /** Take what the centre has made, and play it; a recording may be sent without being heard again. */
  take(preview, { mustBeHeard = true } = {}) {
    this.preview = preview;
    this.heard = !mustBeHeard;
    this.spoken.textContent = preview.spoken_text || preview.text;
    this.ask(preview.questions || []);
    this.audio.src = `/api/audio/${preview.audio_sha256}`;
    if (this.heardFrame) this.heardFrame.hidden = false;
    this.judge();
    this.audio.play().catch(() => tell(this.status, say('not_playable')));
  }

  /** What the author has answered, of what still stands in the text. */
  answers(text) {
    findAll('input', this.questions || document.createElement('div')).forEach((input) => {
      const said = input.value.trim();
      if (said) this.readings[input.dataset.written] = said;
    });
    return Object.fromEntries(Object.entries(this.readings).filter(([written]) => text.includes(written)));
  }

  /** Ask how something is to be said; the answers count from the next preview on. */
  ask(questions) {
    if (!this.questions) return;
    this.questions.hidden = !questions.length;
    this.questions.replaceChildren(...questions.map((question) => {
      const label = document.createElement('label');
      const { written } = question;
      const sentence = document.createElement('span');
      tell(sentence, say(`ask_${question.why}`, { written, read_as: question.read_as, choices: question.choices.join(', ') }));
      label.append(sentence, ' ');
      if (question.why !== 'no_such_day') {
        const input = document.createElement('input');
        input.dataset.written = written;
        input.lang = 'vi';
        input.maxLength = 200;
        label.append(input);
      }
      return label;
    }));
  }

  listen() {
    const { currentTime, ended } = this.audio;
    if (this.heard || !this.preview || (currentTime < HEARD_S && !ended)) return;
    this.heard = true;
    tell(this.status, say(this.heardSentence || 'heard'));
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

