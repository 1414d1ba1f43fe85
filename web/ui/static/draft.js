// Keeps what is written while it is written: <form data-draft="status-id" data-key data-hands
// data-draft-at data-saved data-unsaved data-restored data-offline data-lost>. At once in this
// browser (queue.js), a moment later on the server; without a connection it is sent when there
// is one again. Files are not part of a draft. data-hands tells hand-ins apart: what was typed
// before the latest one was handed in.
import { drop, put, take } from './queue.js';

const form = document.querySelector('form[data-draft]');

const fields = () => [...new FormData(form)].filter(([name, value]) => typeof value === 'string' && name !== 'do');

const fill = (values) => {
  for (const field of form.elements) {
    if (!field.name || field.type === 'file' || field.type === 'hidden' || field.tagName === 'BUTTON') continue;
    const own = values.filter(([name]) => name === field.name).map(([, value]) => value);
    if (field.type === 'radio' || field.type === 'checkbox') field.checked = own.includes(field.value);
    else if (own.length > 0) field.value = own[0];
    field.dispatchEvent(new Event('change', { bubbles: true }));
  }
  form.dispatchEvent(new Event('input', { bubbles: true }));
};

if (form) {
  const { key, hands } = form.dataset;
  const status = document.getElementById(form.dataset.draft);
  const says = (name) => { status.textContent = form.dataset[name] || ''; };
  let base = Number(form.dataset.draftAt) || 0;
  let timer = 0;
  let wait = 2500;
  let saving = false;
  let version = 0;
  let saved = 0;

  const save = async () => {
    clearTimeout(timer);
    if (saving || version === saved) return;
    saving = true;
    const sending = version;
    const data = new URLSearchParams(fields());
    data.set('do', 'draft');
    try {
      const answer = await fetch(form.action, { method: 'POST', body: data, headers: { Accept: 'application/json' } });
      if (answer.ok) {
        base = Number(answer.headers.get('Draft-At')) || base;
        saved = sending;
        wait = 2500;
        if (version === sending) { drop(key); says('saved'); }
      } else if (answer.status === 403 || answer.status === 409) {
        saved = sending; // the session has ended, or the step is not open: asking again changes nothing
        says('lost');
      } else {
        says('unsaved');
        wait = Math.min(wait * 2, 60000);
      }
    } catch {
      says('offline');
      wait = Math.min(wait * 2, 60000);
    }
    saving = false;
    if (version !== saved) timer = setTimeout(save, wait);
  };

  form.addEventListener('input', (event) => {
    if (event.target.type === 'file') return;
    version += 1;
    put(key, { hands, base, values: fields() });
    clearTimeout(timer);
    timer = setTimeout(save, wait);
  });
  addEventListener('online', () => { wait = 2500; save(); });
  addEventListener('pagehide', () => {
    if (version === saved || saving) return;
    const data = new URLSearchParams(fields());
    data.set('do', 'draft');
    navigator.sendBeacon?.(form.action, data);
  });
  form.addEventListener('submit', (event) => {
    clearTimeout(timer);
    if (navigator.onLine !== false) return;
    event.preventDefault(); // the browser would show its own page, and what was chosen would be gone
    put(key, { hands, base, values: fields() });
    says('offline');
  });

  const left = take(key);
  if (left && (left.hands !== hands || 'refused' in form.dataset || (left.base !== base && left.at < base))) drop(key);
  else if (left && Array.isArray(left.values) && JSON.stringify(left.values) !== JSON.stringify(fields())) {
    fill(left.values);
    says('restored');
  } else if (left) drop(key);
} else {
  // A page of a step without its form: it was handed in, and nothing is left to keep.
  const key = document.getElementById('main')?.dataset.forgetTyped;
  if (key) drop(key);
}
