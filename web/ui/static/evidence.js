// Keeps files as soon as they are chosen, so that several photos can be taken one
// after the other and nothing is lost with the window: <fieldset data-evidence=
// "address" data-uploading data-unsent>. The server answers with the fieldset anew.
// Without a connection a file stays chosen and goes with the hand-in.
const part = (html) => new DOMParser().parseFromString(html, 'text/html').getElementById('evidence-of-work');

function live(field) {
  field.classList.add('live');
  const status = field.querySelector('#evidence-status');
  let busy = false;
  const send = async (add, focus) => {
    if (busy) return false;
    busy = true;
    const data = new FormData();
    for (const input of field.querySelectorAll('input')) {
      if (input.type === 'file' || (input.type === 'checkbox' && !input.checked)) continue;
      if (input.name) data.append(input.name, input.value);
    }
    add(data);
    field.setAttribute('aria-busy', 'true');
    try {
      const answer = await fetch(field.dataset.evidence, { method: 'POST', body: data, headers: { 'Cairn-Part': 'evidence' } });
      const next = answer.headers.get('Content-Type')?.startsWith('text/html') && part(await answer.text());
      if (next) {
        field.replaceWith(next);
        live(next);
        (next.querySelector('[role=alert]') ? next.querySelector('#evidence') : next.querySelector(focus))?.focus();
        return true;
      }
    } catch {
      // said below
    }
    busy = false;
    field.removeAttribute('aria-busy');
    status.textContent = field.dataset.unsent;
    return false;
  };
  for (const input of field.querySelectorAll('input[type=file]')) {
    input.addEventListener('change', () => {
      const files = [...input.files];
      if (files.length === 0 || !input.checkValidity()) return;
      status.textContent = field.dataset.uploading.replace('{name}', files.map((file) => file.name).join(', '));
      send((data) => { for (const file of files) data.append('evidence', file, file.name); }, `#${input.id}`);
    });
  }
  const link = field.querySelector('#links');
  const add = field.querySelector('#add-evidence');
  add.addEventListener('click', (event) => {
    event.preventDefault();
    if (link.value.trim()) send(() => {}, '#links'); else link.focus();
  });
  link.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault(); // Enter adds the link and does not hand in
    add.click();
  });
  for (const button of field.querySelectorAll('button[name=remove]')) {
    button.addEventListener('click', (event) => {
      event.preventDefault();
      send((data) => { data.delete('links'); data.append('remove', button.value); }, '#evidence');
    });
  }
}

const field = document.querySelector('fieldset[data-evidence]');
if (field) live(field);
