// Takes readers to what a form that came back asks for, and a link to "not
// possible" to its open form.
(document.getElementById('problems') || document.querySelector('[aria-invalid=true]'))?.focus();

const unfold = () => {
  const details = location.hash === '#skip' && document.getElementById('skip');
  if (details) details.open = true;
};
addEventListener('hashchange', unfold);
unfold();
