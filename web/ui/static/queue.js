// What was typed and not yet taken by the server, kept in this browser: one entry per form,
// under its owner (<body data-owner>), so that a launch anew finds what the last could not send.
// Entries go after half a day, as sessions do, and as soon as somebody else is here. Where a
// browser keeps nothing in frames, the page alone does.
const prefix = 'cairn:';
const life = 12 * 60 * 60 * 1000;

const { owner } = document.body.dataset;
let kept = null;
try {
  kept = window.localStorage;
  for (const name of Object.keys(kept).filter((name) => name.startsWith(prefix))) {
    const entry = JSON.parse(kept.getItem(name) || '{}');
    const others = owner && !name.startsWith(`${prefix}${owner}:`);
    if (others || !(Date.now() - entry.at < life)) kept.removeItem(name);
  }
} catch {
  kept = null;
}

const memory = new Map();

export const put = (key, entry) => {
  const text = JSON.stringify({ ...entry, at: Date.now() });
  memory.set(key, text);
  try { kept?.setItem(prefix + key, text); } catch { /* full, or not allowed */ }
};

export const take = (key) => {
  let text = memory.get(key);
  try { text ??= kept?.getItem(prefix + key); } catch { /* not allowed */ }
  try { return text ? JSON.parse(text) : null; } catch { return null; }
};

export const drop = (key) => {
  memory.delete(key);
  try { kept?.removeItem(prefix + key); } catch { /* not allowed */ }
};
