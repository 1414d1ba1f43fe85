// Tells once that a step was looked at; looking itself (a GET) changes nothing.
const page = document.querySelector('[data-opened]');
if (page) fetch(page.dataset.opened, { method: 'POST', keepalive: true }).catch(() => {});
