// Shows what the centre pushes, also while no page of it is open; repeats replace each other by tag.

self.addEventListener('push', (event) => {
  const { title, body, link, tag, emergency, language } = event.data.json();
  event.waitUntil(self.registration.showNotification(title, {
    body, tag, lang: language, renotify: true, requireInteraction: emergency, data: { link: link || '/' },
    icon: '/static/icon.svg',
  }));
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(event.notification.data.link));
});
