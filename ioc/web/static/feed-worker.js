// Shared by all tabs of a browser: one connection, whatever the number of tabs.

import { FeedSource } from './feed-source.js';

const ports = new Set();
const feed = new FeedSource((news) => ports.forEach((port) => port.postMessage(news)));

self.addEventListener('connect', (event) => {
  const [port] = event.ports;
  port.onmessage = ({ data }) => {
    if (data.kind === 'bye') {
      ports.delete(port);
      if (!ports.size) feed.close();
      return;
    }
    ports.add(port);
    // What happened between the page's making and its joining was told to others only.
    if (feed.number !== null && feed.number > data.after) port.postMessage({ kind: 'change', subjects: {} });
    feed.open(data.after);
  };
});
