// Inside a platform's frame, asks it to fit the page whenever the page's height
// changes (lti.frameResize; platforms that do not know it ignore it). Only the
// platform's own origins are told: <body data-frames="origin origin …">.
if (window.parent !== window) {
  document.documentElement.classList.add('framed');
  const known = (document.body.dataset.frames || '').split(' ').filter(Boolean);
  const around = location.ancestorOrigins?.[0]; // where the browser says it
  const told = !around || around === 'null' ? known : known.filter((origin) => origin === around);
  let last = 0;
  const tell = () => {
    const height = Math.max(Math.ceil(document.body.scrollHeight), 320);
    if (Math.abs(height - last) < 8) return;
    last = height;
    for (const origin of told) window.parent.postMessage({ subject: 'lti.frameResize', height }, origin);
  };
  if (told.length > 0) {
    new ResizeObserver(tell).observe(document.body);
    tell();
  }
}
