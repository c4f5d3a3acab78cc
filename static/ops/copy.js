// Copies a text that stands ready, and says so. Without scripts, or where the browser refuses, the
// text is selected or can be selected by hand.
(() => {
  "use strict";
  const told = document.getElementById("announcements");

  const select = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  };

  for (const button of document.querySelectorAll("[data-copy]")) {
    const text = document.getElementById(button.dataset.copy);
    if (!text) continue;
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text.textContent);
      } catch {
        // No permission, or a page without TLS: one key is left to press.
        select(text);
        return;
      }
      button.textContent = button.dataset.copied;
      if (told) told.textContent = button.dataset.copied;
      setTimeout(() => {
        button.textContent = label;
        if (told) told.textContent = "";
      }, 3000);
    });
  }
})();
