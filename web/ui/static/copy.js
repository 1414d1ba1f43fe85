// Copy buttons beside values; without this module a value is selected and copied by hand.
for (const field of document.querySelectorAll('.copy input')) {
  field.addEventListener('focus', () => field.select());
}
for (const button of document.querySelectorAll('[data-copy]')) {
  const field = document.getElementById(button.dataset.copy);
  const says = button.textContent;
  button.hidden = !field || !navigator.clipboard;
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = button.dataset.done;
    } catch {
      field.focus();
      field.select();
    }
    setTimeout(() => { button.textContent = says; }, 2000);
  });
}
