// Keeps a draft while people write: <form data-draft="status-id" data-saved
// data-unsaved>. Files are not part of a draft.
const form = document.querySelector('form[data-draft]');
if (form) {
  const status = document.getElementById(form.dataset.draft);
  let timer = 0;
  let saving = false;
  let again = false;
  const save = async () => {
    if (saving) { again = true; return; }
    saving = true;
    const data = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === 'string') data.append(name, value);
    data.set('do', 'draft');
    try {
      const answer = await fetch(form.action, { method: 'POST', body: data, headers: { Accept: 'application/json' } });
      status.textContent = answer.ok ? form.dataset.saved : form.dataset.unsaved;
    } catch {
      status.textContent = form.dataset.unsaved;
    }
    saving = false;
    if (again) { again = false; save(); }
  };
  form.addEventListener('input', (event) => {
    if (event.target.type === 'file') return;
    clearTimeout(timer);
    timer = setTimeout(save, 2500);
  });
  form.addEventListener('submit', () => clearTimeout(timer));
}
