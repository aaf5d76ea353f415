// Progressive enhancement: everything but the progress of large uploads works without scripts.
"use strict";

// Show times in the reader's time zone, named in the title, and recent days in words.
const days = ["today", "yesterday"];
const clock = { hour: "2-digit", minute: "2-digit" };
const date = { day: "numeric", month: "long", year: "numeric" };
for (const time of document.querySelectorAll("time[datetime]")) {
  const when = new Date(time.dateTime);
  if (!Number.isNaN(when.getTime())) {
    const nights = (new Date().setHours(0, 0, 0, 0) - new Date(when).setHours(0, 0, 0, 0)) / 86400000;
    const day = days[Math.round(nights)] ?? when.toLocaleDateString("en-GB", date);
    time.textContent = `${day}, ${when.toLocaleTimeString("en-GB", clock)}`;
    time.title = when.toLocaleString("en-GB", { ...date, ...clock, timeZoneName: "short" });
  }
}

// On a narrow screen, collapse the filters, so that the results come first.
const roomy = window.matchMedia("(min-width: 52rem)");
const fold = () => {
  for (const filters of document.querySelectorAll("details.narrow")) {
    filters.open = roomy.matches;
  }
};
roomy.addEventListener("change", fold);
fold();
