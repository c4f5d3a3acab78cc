// Renews the board in place every five seconds while somebody looks, and says what is new.
// Without this file the board is a plain page with a link to look again.
(() => {
  "use strict";
  const live = document.getElementById("live");
  if (!live || !window.htmx) return;

  const EVERY = 5_000;
  const LONGEST = 60_000;

  const offline = document.getElementById("offline");
  const announcements = document.getElementById("announcements");
  const bareTitle = document.title.replace(/^\([^)]*\)\s*/, "");
  const rows = () => new Map([...document.querySelectorAll("[data-row]")].map((row) => [row.id, row]));

  let known = new Set(rows().keys());
  let failures = 0;
  let timer = 0;
  let dueAt = 0;

  const plan = (wait) => {
    clearTimeout(timer);
    dueAt = Date.now() + wait;
    timer = setTimeout(ask, wait);
  };

  const ask = () => {
    if (document.hidden) return;
    plan(LONGEST);
    htmx.trigger(live, "renew");
  };

  const renewed = () => {
    failures = 0;
    offline.hidden = true;
    const now = rows();
    const added = [...now].filter(([ref]) => !known.has(ref));
    known = new Set(now.keys());
    if (added.length) announcements.textContent = added.map(([, row]) => row.dataset.said).join(". ");
    const unseen = document.getElementById("board").dataset.unseen;
    document.title = unseen === "0" ? bareTitle : `(${unseen}) ${bareTitle}`;
    plan(EVERY);
  };

  const failed = () => {
    failures += 1;
    if (failures > 1) {
      offline.hidden = false;
      announcements.textContent = offline.textContent.trim();
    }
    plan(Math.min(EVERY * 2 ** failures, LONGEST));
  };

  live.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) renewed();
    else failed();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && Date.now() >= dueAt) ask();
  });
  window.addEventListener("online", ask);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) ask();
  });
  plan(EVERY);
})();
