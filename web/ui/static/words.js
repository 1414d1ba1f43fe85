// Counts words while they are written: <p data-words-of="field-id" data-min="40"
// data-template="{n} of {min} words">.
for (const out of document.querySelectorAll('[data-words-of]')) {
  const areas = out.dataset.wordsOf.split(' ').map((id) => document.getElementById(id)).filter(Boolean);
  if (areas.length === 0) continue;
  const min = Number(out.dataset.min) || 0;
  const count = () => {
    const n = areas.reduce((sum, area) => sum + (area.value.trim().match(/\S+/g) || []).length, 0);
    out.textContent = out.dataset.template.replace('{n}', n).replace('{min}', min);
    out.classList.toggle('enough', n >= min);
  };
  areas.forEach((area) => area.addEventListener('input', count));
  count();
}
