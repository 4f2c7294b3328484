// The preview of the selected alarm: fetched, merged in place, pictures exchanged on a click.

import { find, findAll, mergeChildren } from './dom.js';
import { answers, piece } from './server.js';

export class Preview {
  constructor() {
    this.frame = find('#preview');
    this.alarm = '';
    this.chosen = '';
    this.failure = { error: null, note: '' };
    this.loading = Promise.resolve();
    this.frame.addEventListener('click', (event) => {
      const button = event.target.closest('[data-picture]');
      if (button) this.choose(button.dataset.picture);
      else if (event.target.closest('[data-enlarge]')) this.enlarge();
    });
    this.frame.addEventListener('error', ({ target }) => target.id === 'clip' && this.examine(target), true);
  }

  /** Show an alarm; `open` takes the focus there. */
  show(alarmId, options) {
    const loading = this.load(alarmId, options);
    this.loading = loading.catch(() => {});
    return loading;
  }

  async load(alarmId, { open = false } = {}) {
    if (alarmId !== this.alarm) this.chosen = '';
    this.alarm = alarmId;
    const fetched = await piece(`/manh/canh-bao/${encodeURIComponent(alarmId)}`);
    if (this.alarm !== alarmId) return;
    mergeChildren(this.frame, fetched);
    if (this.chosen) this.choose(this.chosen);
    this.judgeClip();
    if (open) find('#preview-title').focus();
  }

  choose(sha256) {
    const button = find(`[data-picture="${sha256}"]`, this.frame);
    const large = find('#large-picture', this.frame);
    if (!button || !large) return;
    this.chosen = sha256;
    large.src = `/api/evidence/${sha256}`;
    large.alt = button.dataset.label;
    findAll('#framed .overlay', this.frame).forEach((each) => each.remove());
    const overlay = find('.overlay', button);
    if (overlay) find('#framed', this.frame).append(overlay.cloneNode(true));
    findAll('[data-picture]', this.frame).forEach((each) => {
      each.setAttribute('aria-pressed', String(each === button));
    });
  }

  /** Show the large picture, with what is drawn over it, as large as the screen allows. */
  enlarge() {
    const dialog = find('#enlarged');
    const copies = Array.from(find('#framed', this.frame).childNodes).map((node) => node.cloneNode(true));
    copies.forEach((node) => node.removeAttribute && node.removeAttribute('id'));
    find('.framed', dialog).replaceChildren(...copies);
    dialog.showModal();
  }

  /** Play the clip where it can be seen, or pause it. */
  playClip() {
    const clip = find('#clip', this.frame);
    if (!clip || clip.hidden) return;
    if (!clip.paused) {
      clip.pause();
      return;
    }
    clip.scrollIntoView({ block: 'nearest' });
    // It also ends where it is paused or another clip comes before it plays; a fault has its own event.
    clip.play().catch(() => {});
  }

  /** Say at once where the browser knows that it cannot play the clip's coding. */
  judgeClip() {
    const clip = find('#clip', this.frame);
    if (clip && clip.dataset.codec === 'hevc' && !clip.canPlayType('video/mp4; codecs="hvc1.1.6.L93.B0"')) this.withdraw(clip, 'clip-unplayable');
    else if (clip) this.examine(clip);
  }

  /** Tell a clip that this browser cannot play from one that it was not given. */
  async examine(clip) {
    const { error, src } = clip;
    if (!error || error.code === MediaError.MEDIA_ERR_ABORTED) return;
    if (error !== this.failure.error) {
      const coding = [MediaError.MEDIA_ERR_DECODE, MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED].includes(error.code);
      const note = coding && (await answers(src)) ? 'clip-unplayable' : 'clip-unloaded';
      // Another one may be shown by now.
      if (clip.error !== error || !clip.isConnected) return;
      this.failure = { error, note };
    }
    this.withdraw(clip, this.failure.note);
  }

  withdraw(clip, note) {
    clip.hidden = true;
    find(`#${note}`, this.frame).hidden = false;
  }
}
