// Sounds for unacknowledged alarms, from one tab of the browser; the browser may forbid them.

const RHYTHM = {
  critical: { tones_hz: [660, 830, 1050], every_ms: 10000 },
  high: { tones_hz: [740, 740], every_ms: 60000 },
  medium: { tones_hz: [560], every_ms: Infinity },
};
const TONE_S = 0.22;
const GAP_S = 0.08;

export class Bell {
  /** `onState(on)` tells whether the browser lets the bell sound. */
  constructor(onState) {
    this.onState = onState;
    this.level = '';
    this.call = '';
    this.rungAt_ms = -Infinity;
    this.rungFor = '';
    this.ours = false;
    this.context = new AudioContext();
    this.context.addEventListener('statechange', () => this.changed());
    this.changed();
    setInterval(() => this.ringIfDue(), 250);
  }

  get on() {
    return this.context.state === 'running';
  }

  /** Ask the browser again; only an act of the person lets it agree. */
  allow() {
    return this.context.resume();
  }

  /** The highest priority that waits, and which alarm called last. */
  set(level, call) {
    this.level = level;
    this.call = call;
    this.ringIfDue();
  }

  changed() {
    this.onState(this.on);
    if (!this.on || this.ours) return;
    if (!navigator.locks) {
      this.ours = true;
      return;
    }
    // Held until the tab closes: several tabs ring once.
    navigator.locks.request('bell', () => new Promise(() => {
      this.ours = true;
    }));
  }

  ringIfDue() {
    const rhythm = RHYTHM[this.level];
    if (!rhythm || !this.on || !this.ours) return;
    const fresh = this.call !== this.rungFor;
    if (!fresh && performance.now() - this.rungAt_ms < rhythm.every_ms) return;
    this.rungAt_ms = performance.now();
    this.rungFor = this.call;
    rhythm.tones_hz.forEach((pitch_hz, index) => this.sound(pitch_hz, index * (TONE_S + GAP_S)));
  }

  sound(pitch_hz, delay_s) {
    const begin = this.context.currentTime + delay_s;
    const tone = new OscillatorNode(this.context, { frequency: pitch_hz, type: 'triangle' });
    const volume = new GainNode(this.context, { gain: 0 });
    volume.gain.setValueAtTime(0, begin);
    volume.gain.linearRampToValueAtTime(0.5, begin + 0.02);
    volume.gain.setValueAtTime(0.5, begin + TONE_S - 0.04);
    volume.gain.linearRampToValueAtTime(0, begin + TONE_S);
    tone.connect(volume).connect(this.context.destination);
    tone.start(begin);
    tone.stop(begin + TONE_S);
  }
}
