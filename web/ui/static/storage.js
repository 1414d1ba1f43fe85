// Talks to the frame in which a platform keeps values for the tools it shows (LTI
// postMessage Storage). Messages go to the platform's origin and are taken from it
// alone; an answer must repeat the message's id.
const patience = 1500; // ms; Canvas's apps never answer
const again = [0, 300, 800]; // ms; the frame may still be loading

// frame finds the one named: '_parent' is whoever shows or opened us.
const frame = (name) => {
  const host = window.parent !== window ? window.parent : window.opener;
  if (!host || name === '_parent') return host;
  try {
    return host.frames[name];
  } catch {
    return null; // no such frame, and the page around us is another site's
  }
};

const parsed = (data) => {
  if (typeof data !== 'string') return data;
  try {
    return JSON.parse(data); // Sakai answers in text
  } catch {
    return null;
  }
};

// exchange sends a message and gives its answer, or null if there is none in time
// or it is an error. It never fails. storage is the dataset of an element:
// data-target, data-origin, data-key, data-message and perhaps data-prelaunch.
export const exchange = (storage, subject, more) => new Promise((resolve) => {
  const done = (answer) => {
    removeEventListener('message', listen);
    timers.forEach(clearTimeout);
    resolve(answer);
  };
  const listen = (event) => {
    if (event.origin !== storage.origin) return;
    const answer = parsed(event.data);
    if (!answer || answer.subject !== `${subject}.response` || answer.message_id !== storage.message) return;
    if (answer.key !== undefined && answer.key !== storage.key) return;
    done(answer.error ? null : answer);
  };
  const send = () => {
    try {
      const to = frame(storage.target);
      if (storage.prelaunch) to.postMessage({ subject: 'org.sakailms.lti.prelaunch' }, storage.origin);
      to.postMessage({ subject, message_id: storage.message, key: storage.key, ...more }, storage.origin);
    } catch {
      // The frame is not there yet, or never will be.
    }
  };
  addEventListener('message', listen);
  const timers = again.map((wait) => setTimeout(send, wait));
  timers.push(setTimeout(() => done(null), patience));
});
