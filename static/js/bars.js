// The bars of the ninety days are one stop for the keyboard; arrows walk from day to day. Without
// this script the words still appear under the pointer, and the table holds them all.
(() => {
  "use strict";
  const list = (element) => element.closest("[data-bars]");

  document.addEventListener("keydown", (event) => {
    const bars = list(event.target);
    if (!bars) return;
    if (event.key === "Escape") {
      // What covers something must go away when asked to (WCAG 1.4.13).
      bars.classList.add("is-quiet");
      return;
    }
    const days = [...bars.querySelectorAll("a")];
    const at = days.indexOf(event.target);
    // Days run in the direction of reading, and so do the arrows.
    const ahead = getComputedStyle(bars).direction === "rtl" ? -1 : 1;
    const to = {
      ArrowRight: at + ahead,
      ArrowLeft: at - ahead,
      ArrowDown: at + 7,
      ArrowUp: at - 7,
      Home: 0,
      End: days.length - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    days[Math.min(Math.max(to, 0), days.length - 1)].focus();
  });

  document.addEventListener("focusin", (event) => {
    const bars = list(event.target);
    if (!bars) return;
    bars.classList.remove("is-quiet");
    for (const day of bars.querySelectorAll('a[tabindex="0"]')) day.tabIndex = -1;
    event.target.tabIndex = 0;
  });

  document.addEventListener("pointerover", (event) => {
    const bars = list(event.target);
    if (bars) bars.classList.remove("is-quiet");
  });

  // A finger has no way to point without pressing: it reads first, and the table is below.
  document.addEventListener("click", (event) => {
    const day = event.target.closest("[data-bars] a");
    if (!day || event.pointerType !== "touch") return;
    event.preventDefault();
    day.focus();
  });
})();
