// A copy of this page that reaches somebody without us (a proxy, a saved file, a tab left open)
// must not go on calling anything operational: after the time that the page itself names, it
// drops its green and says so. Without this script the printed "as of" tells.
(() => {
  "use strict";
  const page = document.documentElement;
  const asOf = Date.parse(page.dataset.asOf || "");
  const staleAfter = Number(page.dataset.staleAfter) * 1000;
  if (Number.isNaN(asOf) || !(staleAfter > 0)) return;

  const words = (id) => document.getElementById(id).textContent;

  const turn = () => {
    document.getElementById("stale").hidden = false;
    document.getElementById("announcements").textContent = words("stale");
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
    if (Date.now() - asOf <= staleAfter) return;
    clearInterval(timer);
    turn();
  };
  const timer = setInterval(look, 5000);
  document.addEventListener("visibilitychange", look);
  window.addEventListener("pageshow", look);
  look();
})();
