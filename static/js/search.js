// Results while one types. The form works without this by Enter, and so it does with it.
(() => {
  "use strict";
  if (!window.htmx) return;
  const announcements = document.getElementById("announcements");
  const SHORTEST = 2;

  const formOf = (event) => event.target.closest?.("form[data-typed]");
  const field = (form) => form.elements.q;
  const isLong = (form) => field(form).value.trim().length >= SHORTEST;
  const results = (form) => document.getElementById(form.dataset.typed);

  document.addEventListener("htmx:confirm", (event) => {
    const form = formOf(event);
    // The home page has nothing to show for nothing; the catalogue shows everything.
    if (form && results(form) && !isLong(form)) {
      event.preventDefault();
      results(form).replaceChildren();
      remember(form);
    }
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    const config = event.detail.requestConfig;
    const form = config?.elt.closest?.("form[data-typed]");
    if (!form) return;
    // The catalogue's address can be sent to others, filters and all, in either language.
    const { address, twin } = document.getElementById("main").dataset;
    if (!results(form) && address) {
      history.replaceState(history.state, "", address);
      document.getElementById("twin").href = twin;
    }
    remember(form);
    // Only what somebody asked for is read out, not that it was renewed.
    if (config.triggeringEvent?.type === "again") return;
    const count = document.querySelector(".result__count");
    if (count) announcements.textContent = count.textContent.trim();
  });

  // Back from a result, the question stands in its box again. It stays in this tab.
  const remember = (form) => {
    if (results(form)) history.replaceState({ ...history.state, q: field(form).value }, "");
  };

  const forms = () => document.querySelectorAll("form[data-typed]");
  const again = () => {
    for (const form of forms()) {
      if (results(form) && isLong(form)) htmx.trigger(form, "again");
    }
  };
  // Not before: htmx has not read the page yet.
  document.addEventListener("DOMContentLoaded", () => {
    for (const form of forms()) {
      if (results(form)) field(form).value ||= history.state?.q || "";
    }
    again();
  });
  document.addEventListener("portal:renewed", again);
})();
