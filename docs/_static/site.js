// Pages opened from disk may not read other files, which the excerpts of a search would need.
if (location.protocol === "file:") {
  document.addEventListener("DOMContentLoaded", () => {
    DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
  });
}

// The pages are in British spelling: "regularization" finds "regularisation", where that is written.
function british(query) {
  const { terms, titleterms } = Search._index;
  return query.replace(/[a-z]+iz(?:e|ing|ation)[a-z]*/gi, (word) => {
    const other = word.toLowerCase().replace(/iz(?=e|ing|ation)/, "is");
    const stem = new Stemmer().stemWord(other);
    return Object.hasOwn(terms, stem) || Object.hasOwn(titleterms, stem) ? other : word;
  });
}

document.addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined") return;
  const parse = Search._parseQuery;
  Search._parseQuery = (query) => parse(british(query));
});
