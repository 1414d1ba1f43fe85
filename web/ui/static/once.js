// A form that counts once is sent once, however often its button is pressed.
for (const form of document.querySelectorAll('form[data-once]')) {
  let sent = false;
  form.addEventListener('submit', (event) => {
    if (event.defaultPrevented) return;
    if (sent) event.preventDefault();
    sent = true;
  });
  // Coming back with the back button begins anew.
  window.addEventListener('pageshow', () => { sent = false; });
}
