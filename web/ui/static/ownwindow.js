// Goes on in a window of its own: <form data-window> asks for a ticket here, where the session is
// known, and hands it to the new window. Without this module a page does the same in one more step.
for (const form of document.querySelectorAll('form[data-window]')) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      const answer = await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)), headers: { Accept: 'application/json' } });
      if (!answer.ok) throw new Error(String(answer.status));
      const { ticket } = await answer.json();
      const go = document.createElement('form');
      Object.assign(go, { method: 'post', action: '/open', target: '_blank' });
      const field = Object.assign(document.createElement('input'), { type: 'hidden', name: 'ticket', value: ticket });
      go.append(field);
      document.body.append(go);
      go.submit();
      go.remove();
    } catch {
      form.submit();
    }
  });
}
