// Measures what of a video or sound was really played: <div data-player="address" data-measured
// data-resume data-percent data-offline>. What was played since the page opened is sent again and again;
// the server counts each second once. Without this module, or where the file does not play, the
// page asks for a word instead.
const every = 10000; // ms between reports
const most = 200;    // segments of one report

for (const box of document.querySelectorAll('[data-player]')) {
  const media = box.querySelector('video, audio');
  const find = (selector) => box.querySelector(selector);
  const confirm = document.getElementById('confirm');
  if (!media) continue;
  const resume = Number(box.dataset.resume) || 0;
  media.addEventListener('loadedmetadata', () => {
    if (resume > 3 && resume < media.duration - 3) media.currentTime = resume;
  }, { once: true });
  if (!('measured' in box.dataset)) continue;

  const measured = () => {
    if (!(media.duration >= 1) || media.duration === Infinity) return; // nothing to measure by
    if (confirm) confirm.hidden = true;
    find('.watched').hidden = false;
  };
  media.addEventListener('loadedmetadata', measured);
  media.addEventListener('error', () => { if (confirm) confirm.hidden = false; });
  if (media.readyState >= 1) measured();
  if (media.error && confirm) confirm.hidden = false;

  const played = [];
  let last = null;
  let sent = '';
  const note = () => {
    const now = media.currentTime;
    const segment = played.at(-1);
    if (last !== null && now >= last && now - last < 2 * Math.max(1, media.playbackRate)) segment[1] = now;
    else if (played.length < most) played.push([now, now]);
    last = now;
  };
  const cut = () => { last = null; };
  media.addEventListener('timeupdate', () => { if (!media.paused && !media.seeking) note(); });
  const begin = () => { if (last === null && !media.paused && !media.seeking) note(); };
  media.addEventListener('seeking', cut);
  media.addEventListener('play', cut);
  media.addEventListener('playing', begin); // not only with the next timeupdate: on a busy machine that is a second later
  media.addEventListener('seeked', begin);

  const words = () => played.filter(([a, b]) => b > a).map(([a, b]) => `${a.toFixed(2)}-${b.toFixed(2)}`).join(',');
  const report = async (leaving) => {
    const text = words();
    if (!text || text === sent || !(media.duration >= 1) || media.duration === Infinity) return;
    const data = new URLSearchParams({ played: text, length: media.duration.toFixed(2) });
    if (leaving) {
      navigator.sendBeacon?.(box.dataset.player, data);
      return;
    }
    const status = find('[data-says]');
    try {
      const answer = await fetch(box.dataset.player, { method: 'POST', body: data, headers: { Accept: 'application/json' } });
      if (!answer.ok) return;
      sent = text;
      const { percent, done } = await answer.json();
      find('progress').value = percent;
      status.textContent = box.dataset.percent.replace('{percent}', percent);
      find('.watched-done').hidden = !done;
      find('.watch-missing').hidden = done || !media.ended;
    } catch {
      status.textContent = box.dataset.offline;
    }
  };
  media.addEventListener('pause', () => { if (last !== null) note(); report(false); });
  media.addEventListener('ended', () => { report(false); });
  setInterval(() => { if (!media.paused || words() !== sent) report(false); }, every);
  addEventListener('pagehide', () => report(true));
}
