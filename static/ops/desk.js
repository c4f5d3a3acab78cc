// The desk: says when a draft could not be kept, and brings whoever was refused to the reasons.
(() => {
  "use strict";
  const unsaved = () => document.getElementById("unsaved");
  const isDraft = (event) => event.target.closest?.("[data-draft]");

  document.addEventListener("htmx:afterRequest", (event) => {
    if (isDraft(event) && unsaved()) unsaved().hidden = event.detail.successful;
  });

  document.getElementById("refused")?.focus();
})();
