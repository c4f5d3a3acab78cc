// Asks for this page again every so often, and says what matters of what came back. The swap
// itself is in-place.js, the question the hx-get of #live.
(() => {
  "use strict";
  const page = document.documentElement;
  const live = document.getElementById("live");
  if (!live || !window.htmx) return;

  const EVERY = 15_000;
  const LONGEST = 120_000;
  // One lost question is the weather of a mobile network; two are worth a word.
  const FAILURES_SAID = 2;

  const offline = document.getElementById("offline");
  const announcements = document.getElementById("announcements");
  const headline = () =>
    (document.querySelector("[data-headline]") || document.querySelector(".verdict__words"))
      ?.textContent.replace(/\s+/g, " ")
      .trim() || "";

  let said = headline();
  let failures = 0;
  let timer = 0;
  let dueAt = 0;

  // Never in step with everybody else who opened the page when the news broke.
  const jitter = (time, share) => time * (1 + share * (2 * Math.random() - 1));

  const plan = (wait) => {
    clearTimeout(timer);
    dueAt = Date.now() + wait;
    timer = setTimeout(ask, wait);
  };

  const ask = () => {
    // Nobody looks: `visibilitychange` asks at once when somebody does.
    if (document.hidden) return;
    // Should no answer come at all, ask again all the same.
    plan(LONGEST);
    htmx.trigger(live, "renew");
  };

  const askIfDue = () => {
    if (!document.hidden && Date.now() >= dueAt) ask();
  };

  const sayOffline = () => {
    if (!offline.hidden) return;
    offline.hidden = false;
    announcements.textContent = offline.textContent.trim();
  };

  const failed = () => {
    failures += 1;
    if (failures >= FAILURES_SAID || !navigator.onLine) sayOffline();
    plan(jitter(Math.min(EVERY * 2 ** failures, LONGEST), 0.25));
  };

  const renewed = (xhr) => {
    failures = 0;
    const wasSilent = !offline.hidden || !document.getElementById("stale").hidden;
    offline.hidden = true;
    // By how much this machine's clock is ahead of ours: many are wrong, and age is what counts.
    const answeredAt = Date.parse(xhr.getResponseHeader("Date") || "");
    if (!Number.isNaN(answeredAt)) {
      const age = Number(xhr.getResponseHeader("Age")) || 0;
      page.dataset.clockAhead = String(Date.now() - answeredAt - age * 1000);
    }
    const now = headline();
    // Before the event: a page that is too old even so has the last word.
    if (now !== said || wasSilent) announcements.textContent = now;
    said = now;
    document.dispatchEvent(new CustomEvent("portal:renewed"));
    plan(jitter(EVERY, 0.1));
  };

  // An answer from somewhere that knows less than we show already (another process, an old copy).
  live.addEventListener("htmx:beforeSwap", (event) => {
    const found = /data-as-of="([^"]+)"/.exec(event.detail.serverResponse);
    if (found && Date.parse(found[1]) < Date.parse(page.dataset.asOf)) {
      event.detail.shouldSwap = false;
    }
  });
  live.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) renewed(event.detail.xhr);
    else failed();
  });

  document.addEventListener("visibilitychange", askIfDue);
  window.addEventListener("online", ask);
  window.addEventListener("offline", sayOffline);
  window.addEventListener("pageshow", (event) => {
    // Out of the browser's memory, from whenever that was.
    if (event.persisted) ask();
  });
  const age = Date.now() - Date.parse(page.dataset.asOf);
  plan(age > 2 * EVERY ? 1000 : jitter(EVERY, 0.1));
})();
