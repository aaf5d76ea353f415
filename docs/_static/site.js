// Pages opened from disk may not read other files, which the excerpts of a search would need.
if (location.protocol === "file:") {
  document.addEventListener("DOMContentLoaded", () => {
    DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
  });
}
