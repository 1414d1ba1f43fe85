// What scripts add to pages that work without them. Each module looks for its
// own elements and does nothing where there are none.
import './frame.js';
import './fold.js';
import './words.js';
import './files.js';
import './evidence.js';
import './draft.js';
import './opened.js';
import './problems.js';
import './once.js';
import './copy.js';

if (document.querySelector('[data-keep], [data-forget], [data-print]')) import('./review.js');
const wanted = {
  '[data-player]': './player.js', '[data-window]': './ownwindow.js',
};
for (const [selector, module] of Object.entries(wanted)) {
  if (document.querySelector(selector)) import(module);
}
