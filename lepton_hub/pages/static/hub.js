// What pages do better with a script. Everything but the progress of large uploads works without.
"use strict";

// Moments in the reader's own time zone.
for (const time of document.querySelectorAll("time[datetime]")) {
  const when = new Date(time.dateTime);
  if (!Number.isNaN(when.getTime())) {
    time.title = time.textContent;
    time.textContent = when.toLocaleString("en-GB", {
      day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit",
    });
  }
}

// On a narrow screen the results stand above the fold: what narrows them down is folded.
const roomy = window.matchMedia("(min-width: 52rem)");
const fold = () => {
  for (const filters of document.querySelectorAll("details.narrow")) {
    filters.open = roomy.matches;
  }
};
roomy.addEventListener("change", fold);
fold();
