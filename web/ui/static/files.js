// Lists chosen files with their sizes, and says early what the server would
// refuse: <input type=file data-list="id" data-max-files data-max-bytes
// data-too-many data-too-big>.
const size = (n) => (n >= 1 << 20 ? `${(n / (1 << 20)).toFixed(1)} MB` : `${Math.max(1, n >> 10)} KB`);

for (const input of document.querySelectorAll('input[type=file][data-list]')) {
  const list = document.getElementById(input.dataset.list);
  if (!list) continue;
  input.addEventListener('change', () => {
    const files = [...input.files];
    list.replaceChildren(...files.map((file) => {
      const item = document.createElement('li');
      const name = document.createElement('span');
      name.textContent = file.name;
      const bytes = document.createElement('span');
      bytes.className = 'size';
      bytes.textContent = size(file.size);
      item.append(name, bytes);
      return item;
    }));
    list.hidden = files.length === 0;
    let problem = '';
    if (files.length > Number(input.dataset.maxFiles)) problem = input.dataset.tooMany;
    if (files.some((file) => file.size > Number(input.dataset.maxBytes))) problem = input.dataset.tooBig;
    input.setCustomValidity(problem);
    if (problem) input.reportValidity();
  });
}
