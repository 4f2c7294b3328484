// What changes at the centre, through one connection per browser, whichever way the browser offers.

import { FeedSource } from './feed-source.js';

/** Call `notify` with every piece of news; `after`: the journal number this page was made at. */
export function follow(after, notify) {
  if ('SharedWorker' in window) return followByWorker(after, notify);
  if (navigator.locks && 'BroadcastChannel' in window) return followByLeader(after, notify);
  return new FeedSource(notify).open(after);
}

function followByWorker(after, notify) {
  const worker = new SharedWorker('/static/feed-worker.js', { type: 'module', name: 'feed' });
  worker.port.onmessage = ({ data }) => notify(data);
  worker.port.postMessage({ kind: 'hello', after });
  window.addEventListener('pagehide', () => worker.port.postMessage({ kind: 'bye' }));
  // A page brought back by the back button has missed everything.
  window.addEventListener('pageshow', (event) => event.persisted && location.reload());
}

/** The tab that holds the lock has the connection and tells the others. */
function followByLeader(after, notify) {
  const channel = new BroadcastChannel('feed');
  channel.onmessage = ({ data }) => notify(data);
  navigator.locks.request('feed', () => new Promise(() => {
    new FeedSource((news) => {
      channel.postMessage(news);
      notify(news);
    }).open(after);
  }));
}
