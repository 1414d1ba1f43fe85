// Keeps values for tools, per origin and key, and gives them back
// (lti.put_data, lti.get_data). data-manner says how badly it behaves.
const { manner, elsewhere } = document.getElementById("lti-storage").dataset;
const kept = new Map();
const most = 500; // keys
const longest = 4096; // characters of a value

const answerTo = (data, origin) => {
  const answer = { subject: `${data.subject}.response`, message_id: data.message_id, key: data.key };
  const fault = (code, message) => ({ ...answer, error: { code, message } });
  if (typeof data.message_id !== "string" || typeof data.key !== "string") return fault("bad_request", "message_id and key are required");
  const place = `${origin} ${data.key}`;
  if (manner === "refusing") return fault("storage_exhaustion", "there is no room");
  if (data.subject === "lti.get_data") return { ...answer, value: kept.get(place) };
  if (data.value === undefined || data.value === null) kept.delete(place);
  else if (String(data.value).length > longest || kept.size >= most) return fault("storage_exhaustion", "there is no room");
  else kept.set(place, String(data.value));
  return { ...answer, value: data.value };
};

addEventListener("message", (event) => {
  const data = event.data;
  if (!data || (data.subject !== "lti.put_data" && data.subject !== "lti.get_data")) return;
  const answer = answerTo(data, event.origin);
  document.documentElement.dataset.asked = `${document.documentElement.dataset.asked || ""} ${data.subject}`;
  switch (manner) {
    case "silent":
      return;
    case "wrong-message-id":
      answer.message_id = `not-${answer.message_id}`;
      break;
    case "wrong-value":
      if (answer.value !== undefined) answer.value = "a value of somebody else";
      break;
    case "elsewhere": {
      const tool = [...Array(top.frames.length).keys()].find((i) => top.frames[i] === event.source);
      document.getElementById("elsewhere").contentWindow.postMessage({ answer, tool }, elsewhere);
      return;
    }
  }
  event.source.postMessage(answer, event.origin);
});
