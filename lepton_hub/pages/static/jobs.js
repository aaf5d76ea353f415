// Update a running job's page live. Without scripts, the page reloads every five seconds.
"use strict";

const log = document.getElementById("log");
const state = document.getElementById("state");
const hub = document.querySelector('meta[name="hub-prefix"]').content;
const place = `${hub}/jobs/${log.dataset.job}`;
const MOST = 200000;

// If the session has expired, reload to sign in; other failures may be transient.
async function ask(address) {
  const answer = await fetch(address);
  if (answer.status === 401) location.reload();
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.json();
}

async function look() {
  try {
    const told = await ask(`${place}/log?after=${log.dataset.next}`);
    if (told.text) {
      const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
      log.textContent = (log.textContent + told.text).slice(-MOST);
      log.dataset.next = told.next;
      if (atEnd) log.scrollTop = log.scrollHeight;
    }
    const job = await ask(place);
    if (job.state !== state.dataset.state) {
      location.reload();
      return;
    }
  } catch {
    // The hub may answer again in a moment.
  }
  setTimeout(look, 2000);
}

log.scrollTop = log.scrollHeight;
setTimeout(look, 1000);
