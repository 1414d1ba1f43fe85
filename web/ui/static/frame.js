// Inside a platform's frame, ask it to fit the page (platforms that do not know
// the message ignore it).
if (window.parent !== window) {
  let last = 0;
  const tell = () => {
    const height = Math.ceil(document.body.scrollHeight);
    const wanted = Math.max(height, 320);
    if (Math.abs(wanted - last) < 8) return;
    last = wanted;
    window.parent.postMessage({ subject: 'lti.frameResize', height: wanted }, '*');
  };
  document.documentElement.classList.add('framed');
  new ResizeObserver(tell).observe(document.body);
  tell();
}
