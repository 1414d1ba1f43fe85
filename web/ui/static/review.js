// What helps reviewers: <form data-keep="id"> keeps on this device what is typed
// until it is sent, also while there is no connection (for three days at most);
// [data-forget="id"] forgets it; [data-print] prints.
const life = 3 * 24 * 3600 * 1000; // ms
const prefix = 'cairn-review:';

const store = {
  read(key) {
    try {
      const kept = JSON.parse(localStorage.getItem(prefix + key));
      return kept && Date.now() - kept.at < life ? kept.fields : null;
    } catch {
      return null;
    }
  },
  write(key, fields) {
    try {
      localStorage.setItem(prefix + key, JSON.stringify({ at: Date.now(), fields }));
      return true;
    } catch {
      return false; // no room, or the browser keeps nothing
    }
  },
  forget(key) {
    try { localStorage.removeItem(prefix + key); } catch { /* it kept nothing */ }
  },
  tidy() {
    try {
      for (const key of Object.keys(localStorage)) {
        if (key.startsWith(prefix) && !store.read(key.slice(prefix.length))) localStorage.removeItem(key);
      }
    } catch { /* it kept nothing */ }
  },
};

const kept = ['hidden', 'submit', 'button', 'file'];
const fieldsOf = (form) => [...form.elements].filter((e) => e.name && !kept.includes(e.type));

const fill = (form, values) => {
  let changed = false;
  for (const field of fieldsOf(form)) {
    const value = values.filter(([name]) => name === field.name).map((pair) => pair[1]);
    if (field.type === 'radio' || field.type === 'checkbox') {
      const on = value.includes(field.value);
      if (on !== field.checked && value.length > 0) { field.checked = on; changed = true; }
    } else if (value.length > 0 && value[0] !== '' && field.value === '') {
      [field.value] = value;
      field.dispatchEvent(new Event('input', { bubbles: true }));
      changed = true;
    }
  }
  return changed;
};

store.tidy();
for (const over of document.querySelectorAll('[data-forget]')) store.forget(over.dataset.forget);

const form = document.querySelector('form[data-keep]');
if (form) {
  const { keep, kept: saved, restored, offline, online } = form.dataset;
  const status = document.getElementById('kept');
  const say = (text, warn) => { status.textContent = text; status.classList.toggle('warn', Boolean(warn)); };
  const before = store.read(keep);
  if (before && fill(form, before)) say(restored);
  let timer = 0;
  const save = () => {
    clearTimeout(timer);
    const names = new Set(fieldsOf(form).map((e) => e.name));
    const values = [...new FormData(form)].filter(([name, value]) => names.has(name) && typeof value === 'string' && value !== '');
    if (store.write(keep, values)) say(saved);
  };
  form.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(save, 400); });
  form.addEventListener('submit', (event) => {
    save();
    if (navigator.onLine !== false) return;
    event.preventDefault();
    say(offline, true);
  });
  addEventListener('pagehide', () => { if (timer) save(); });
  addEventListener('online', () => { if (status.classList.contains('warn')) say(online); });
}

for (const button of document.querySelectorAll('[data-print]')) {
  button.hidden = false;
  button.addEventListener('click', () => print());
}
