// Shows new mail without a reload by hand: asks for the newest number, and
// fetches the page again when it changed.
const list = document.getElementById("mails");
setInterval(async () => {
  if (document.hidden) return;
  try {
    const answer = await fetch("/api/last");
    const { last } = await answer.json();
    if (String(last) !== list.dataset.last) location.reload();
  } catch {
    // The demo stopped; the page stays as it is.
  }
}, 2000);
