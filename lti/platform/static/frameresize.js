// Fits the activity's frame to what the tool in it asks for (lti.frameResize), as Moodle and
// Canvas do. Only the frame itself is heard.
const frame = document.getElementById('activity-frame');
addEventListener('message', (event) => {
  if (!frame || event.source !== frame.contentWindow) return;
  const { subject, height } = event.data ?? {};
  if (subject !== 'lti.frameResize' || !(Number(height) > 0)) return;
  frame.style.height = `${Math.min(Number(height), 20000)}px`;
});
