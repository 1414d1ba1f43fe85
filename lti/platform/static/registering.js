// The tool's registration page says when it is done; then back to the list.
addEventListener("message", (event) => {
  const frame = document.getElementById("registration-frame");
  const data = typeof event.data === "string" ? { subject: event.data } : event.data;
  if (event.source === frame.contentWindow && data && data.subject === "org.imsglobal.lti.close") {
    location.assign("/admin/tools");
  }
});
