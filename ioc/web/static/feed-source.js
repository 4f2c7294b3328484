// One connection to the centre's events, opened again for as long as the session holds.

const REOPEN_MS = 2000;

/** Calls `notify` with {kind: 'change', subjects} | {kind: 'beat', deaf} | {kind: 'ended'}. */
export class FeedSource {
  constructor(notify) {
    this.notify = notify;
    this.number = null;
    this.source = null;
  }

  /** Begin after the journal number `after`; a source that runs already goes on. */
  open(after) {
    if (this.source) return;
    if (this.number === null) this.number = after;
    const source = new EventSource(`/events?after=${this.number}`);
    this.source = source;
    source.addEventListener('change', (event) => {
      this.number = Number(event.lastEventId);
      this.notify({ kind: 'change', subjects: JSON.parse(event.data) });
    });
    source.addEventListener('beat', (event) => {
      this.number = Number(event.lastEventId);
      this.notify({ kind: 'beat', deaf: JSON.parse(event.data) });
    });
    source.addEventListener('ended', () => {
      this.close();
      this.notify({ kind: 'ended' });
    });
    source.addEventListener('error', () => this.reopenIfClosed(source));
  }

  /** The browser tries again by itself after a broken link, but not after a refusal. */
  reopenIfClosed(source) {
    if (source.readyState !== EventSource.CLOSED || this.source !== source) return;
    this.source = null;
    setTimeout(() => this.tryAgain(), REOPEN_MS);
  }

  /** A refusal may mean that the session is over, which no further attempt can mend. */
  async tryAgain() {
    const answer = await fetch('/api/me', { cache: 'no-store' }).catch(() => null);
    if (answer && answer.status === 401) {
      this.close();
      this.notify({ kind: 'ended' });
    } else if (answer) {
      this.open(this.number);
    } else {
      setTimeout(() => this.tryAgain(), REOPEN_MS);
    }
  }

  close() {
    if (this.source) this.source.close();
    this.source = null;
    this.number = null;
  }
}
