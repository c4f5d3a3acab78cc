// A copy of this page that reaches somebody without us (a proxy, a saved file, a tab left open)
// must not go on calling anything operational: after the time that the page itself names, it
// drops its green and says so. Without this script the printed "as of" tells.
(() => {
  "use strict";
  const page = document.documentElement;
  const notice = document.getElementById("stale");
  if (!notice) return;

  const words = (id) => document.getElementById(id).textContent.trim();
  let turned = false;

  const isOld = () => {
    const asOf = Date.parse(page.dataset.asOf || "");
    const staleAfter = Number(page.dataset.staleAfter) * 1000;
    if (Number.isNaN(asOf) || !(staleAfter > 0)) return false;
    // `clockAhead` is known once the page has been renewed (live.js).
    return Date.now() - Number(page.dataset.clockAhead || 0) - asOf > staleAfter;
  };

  const turn = () => {
    for (const said of document.querySelectorAll("[data-green]")) {
      said.textContent = words("stale-verdict");
    }
    for (const state of document.querySelectorAll(".status--operational")) {
      state.classList.replace("status--operational", "status--unknown");
      for (const word of state.querySelectorAll(".status__word")) {
        word.textContent = words("stale-word");
      }
      for (const sign of state.querySelectorAll('use[href="#status-operational"]')) {
        sign.setAttribute("href", "#status-unknown");
      }
    }
  };

  // Looked at again and again: a timer set for one moment is late after the machine has slept.
  const look = () => {
    if (!isOld()) {
      turned = false;
      notice.hidden = true;
      return;
    }
    if (turned) return;
    turned = true;
    turn();
    // Said once, however often the page is renewed with what is old itself.
    if (notice.hidden) document.getElementById("announcements").textContent = words("stale");
    notice.hidden = false;
  };
  setInterval(look, 5000);
  document.addEventListener("visibilitychange", look);
  document.addEventListener("portal:renewed", () => {
    // The server's words have just replaced ours.
    turned = false;
    look();
  });
  window.addEventListener("pageshow", look);
  look();
})();
