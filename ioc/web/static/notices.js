// The page of notifications: one's own contacts, tried out here, and how one wants to be told.

import { find, findAll, mergeChildren, say, tell } from './dom.js';
import { showCounts, startFrame } from './frame.js';
import { act, piece, read } from './server.js';

const AGAIN_MS = 1000;
const PATIENCE = 30;
const list = find('#list');

async function refresh() {
  const fetched = await piece('/manh/thong-bao');
  showCounts(fetched, bell);
  mergeChildren(find('#contacts'), find('#contacts', fetched));
}

const status = (key) => { find('#notice-status').textContent = key ? say(key) : ''; };

async function attempt(button, work) {
  button.disabled = true;
  tell(find('#notice-problem'), '');
  try {
    await work();
  } catch (failure) {
    status('');
    if (!failure.sentence) throw failure;
    tell(find('#notice-problem'), failure.sentence);
  } finally {
    button.disabled = false;
  }
}

/** Send a test and say what became of it; after half a minute it is still on its way. */
async function test(contactId) {
  status('notice_sending');
  const { notification_id: id } = await act(`/api/contacts/${encodeURIComponent(contactId)}/test`);
  for (let turn = 0; turn < PATIENCE; turn += 1) {
    await new Promise((resolve) => { setTimeout(resolve, AGAIN_MS); });
    const { state } = await read(`/api/notifications/${encodeURIComponent(id)}`);
    if (state === 'delivered' || state === 'failed' || state === 'expired') {
      status(state === 'delivered' ? 'notice_delivered' : 'notice_failed');
      await refresh();
      return;
    }
  }
  status('notice_waiting');
}

function octets(base64url) {
  const base64 = base64url.replace(/-/g, '+').replace(/_/g, '/');
  return Uint8Array.from(atob(base64 + '='.repeat((4 - (base64.length % 4)) % 4)), (c) => c.charCodeAt(0));
}

/** Have this browser subscribed, or say why it cannot be. */
async function subscribe() {
  const refused = (key) => Object.assign(new Error(key), { sentence: say(key) });
  if (!('serviceWorker' in navigator) || !('PushManager' in window)) throw refused('push_missing');
  if (await Notification.requestPermission() !== 'granted') throw refused('push_forbidden');
  try {
    await navigator.serviceWorker.register('/static/push-worker.js');
    const worker = await ready('/static/push-worker.js');
    const subscription = await worker.pushManager.subscribe({
      userVisibleOnly: true, applicationServerKey: octets(list.dataset.pushKey),
    });
    const { endpoint, keys } = subscription.toJSON();
    return { address: endpoint, keys: { p256dh: keys.p256dh, auth: keys.auth } };
  } catch (error) {
    throw refused('push_failed');
  }
}

/** The registration once its worker runs; `serviceWorker.ready` waits for one of this page only. */
async function ready(address) {
  const registration = await navigator.serviceWorker.getRegistration(address);
  const worker = registration.installing || registration.waiting;
  if (worker && worker.state !== 'activated') {
    await new Promise((resolve) => {
      worker.addEventListener('statechange', () => { if (worker.state === 'activated') resolve(); });
    });
  }
  return registration;
}

const bell = startFrame(refresh);

find('#contacts-frame').addEventListener('click', (event) => {
  const button = event.target.closest('[data-do]');
  if (!button) return;
  const { do: deed, id } = button.dataset;
  attempt(button, async () => {
    if (deed === 'test') {
      await test(id);
      return;
    }
    await act(`/api/contacts/${encodeURIComponent(id)}/${deed}`);
    await refresh();
  });
});

const form = find('#contact-form');
if (form) {
  const channel = find('#contact-channel');
  const offer = () => {
    findAll('[data-for]', form).forEach((help) => { help.hidden = help.dataset.for !== channel.value; });
    find('#contact-address-label').hidden = channel.value === 'web_push';
  };
  channel.addEventListener('change', offer);
  offer();
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    attempt(find('#contact-save'), async () => {
      const label = find('#contact-label').value;
      const where = channel.value === 'web_push' ? await subscribe() : { address: find('#contact-address').value };
      await act('/api/contacts', { channel: channel.value, label, ...where });
      form.reset();
      offer();
      await refresh();
    });
  });
}

find('#wishes-form').addEventListener('submit', (event) => {
  event.preventDefault();
  attempt(find('#wish-save'), async () => {
    await act('/api/notification-wishes', {
      language: find('#wish-language').value,
      hours: find('#wish-hours').value.split(/[,;]+/).map((span) => span.trim()).filter(Boolean),
      digest_min: Number(find('#wish-digest').value),
      least_priority: find('#wish-least').value,
    });
    status('notice_wishes_kept');
  });
});
