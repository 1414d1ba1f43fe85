// The picker's frame stays out of the way until a tool is chosen.
const frame = document.getElementById("picker-frame");
frame.hidden = true;
for (const form of document.querySelectorAll("form[target=picker]")) {
  form.addEventListener("submit", () => {
    frame.hidden = false;
    frame.scrollIntoView({ block: "nearest" });
  });
}
