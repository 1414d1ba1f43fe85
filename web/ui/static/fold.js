// A wide page has room for what a phone folds: <details data-wide> stands open there.
if (matchMedia('(min-width: 54rem)').matches) {
  for (const fold of document.querySelectorAll('details[data-wide]')) fold.open = true;
}
