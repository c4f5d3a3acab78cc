// The form of a window, for those who have scripts: a slot is taken without leaving the page, a
// prefilled text follows the effect, and the justification is asked for where it is needed.
// Without this file the same buttons send the form.
(() => {
  "use strict";

  const form = document.getElementById("window_form");
  const panel = document.getElementById("policy");
  if (!form || !panel) {
    return;
  }

  const field = (name) => form.elements.namedItem(name);

  const fill = (name, value) => {
    const input = field(name);
    if (input) {
      input.value = value;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }
  };

  const takeSlot = (button) => {
    const [starts, ends] = button.value.split("|");
    fill("starts_at", starts);
    fill("ends_at", ends);
    field("starts_at").focus();
  };

  // Only where the reader has not typed on since the answer was asked for.
  const followEffect = () => {
    for (const offer of panel.querySelectorAll("[data-text-for]")) {
      const input = field(offer.dataset.textFor);
      if (input && input.value.trim() === offer.dataset.insteadOf.trim()) {
        input.value = offer.dataset.text;
      }
    }
  };

  const askForJustification = () => {
    const row = form.querySelector(".form-row.field-justification");
    const verdict = panel.querySelector("[data-outside]");
    if (row && verdict) {
      const input = field("justification");
      const isTyped = Boolean(input && input.value.trim());
      row.hidden = verdict.dataset.outside !== "yes" && !isTyped && !row.querySelector(".errorlist");
    }
  };

  form.addEventListener("click", (event) => {
    const button = event.target.closest("button[name='_slot']");
    if (button) {
      event.preventDefault();
      takeSlot(button);
    }
  });

  document.body.addEventListener("htmx:afterSettle", () => {
    followEffect();
    askForJustification();
  });

  askForJustification();
})();
