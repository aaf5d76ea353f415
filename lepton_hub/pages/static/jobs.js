// A job's page while it runs: what it prints appears as it comes. Without a script, the page loads
// again every five seconds.
"use strict";

const log = document.getElementById("log");
const state = document.getElementById("state");
const hub = document.querySelector('meta[name="hub-prefix"]').content;
const place = `${hub}/jobs/${log.dataset.job}`;
const MOST = 200000;

async function look() {
  try {
    const told = await (await fetch(`${place}/log?after=${log.dataset.next}`)).json();
    if (told.text) {
      const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
      log.textContent = (log.textContent + told.text).slice(-MOST);
      log.dataset.next = told.next;
      if (atEnd) log.scrollTop = log.scrollHeight;
    }
    const job = await (await fetch(place)).json();
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
