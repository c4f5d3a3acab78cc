// The console by single keys. They count by their place, so that they work where the keyboard
// writes Arabic; never while somebody types; and they can be switched off (WCAG 2.1.4).
(() => {
  "use strict";
  const OFF = "portal:keys-off";
  const keys = document.getElementById("keys");
  const toggle = document.getElementById("keys-on");
  if (!keys || !toggle) return;

  const remembered = () => {
    try {
      return localStorage.getItem(OFF) === "yes";
    } catch {
      // A browser that remembers nothing: the keys are on again on the next page.
      return false;
    }
  };
  toggle.checked = !remembered();
  document.getElementById("keys-switch").hidden = false;
  toggle.addEventListener("change", () => {
    try {
      localStorage.setItem(OFF, toggle.checked ? "no" : "yes");
    } catch {
      // See above.
    }
  });

  const isTyping = (node) =>
    node instanceof HTMLElement &&
    (node.isContentEditable || (node.matches("input, textarea, select") && node !== toggle));

  const rows = () => [...document.querySelectorAll("[data-row]")];
  const rowOf = (node) => node?.closest?.("[data-row]") || null;
  const enter = (row) => {
    row?.querySelector("[data-open]")?.focus();
    row?.scrollIntoView({ block: "nearest" });
  };

  const step = (by) => {
    const all = rows();
    if (!all.length) return false;
    const at = all.indexOf(rowOf(document.activeElement));
    const next = at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1);
    enter(all[next]);
    return true;
  };

  const press = (selector) => {
    const found = document.querySelector(selector);
    found?.click();
    return Boolean(found);
  };

  const search = () => {
    const box = document.querySelector("[data-search]");
    if (!box) {
      const list = document.querySelector('[data-go="search"]');
      // The address of the box itself: browsers give it the focus.
      if (list) location.assign(`${list.href}#q`);
      return Boolean(list);
    }
    box.focus();
    box.select();
    return true;
  };

  const help = () => {
    keys.open = !keys.open;
    if (keys.open) {
      keys.querySelector("summary").focus();
      keys.scrollIntoView({ block: "nearest" });
    }
    return true;
  };

  const acknowledge = () => {
    const button = rowOf(document.activeElement)?.querySelector("[data-acknowledge]");
    button?.click();
    return Boolean(button);
  };

  // Arrows scroll the page, but where rows have the focus or nothing has.
  const mayTakeArrows = () =>
    document.activeElement === document.body || Boolean(rowOf(document.activeElement));

  const meant = (event) => {
    if (event.key === "?" || event.key === "؟") return help;
    if (event.key === "/" || (event.code === "Slash" && !event.shiftKey)) return search;
    if (event.shiftKey) return null;
    switch (event.code) {
      case "KeyJ":
        return () => step(1);
      case "KeyK":
        return () => step(-1);
      case "ArrowDown":
        return mayTakeArrows() ? () => step(1) : null;
      case "ArrowUp":
        return mayTakeArrows() ? () => step(-1) : null;
      case "KeyA":
        return acknowledge;
      case "KeyN":
        return () => press('[data-go="new"]');
      default:
        return null;
    }
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    if (!toggle.checked || event.isComposing || isTyping(event.target)) return;
    const act = meant(event);
    if (act && act()) event.preventDefault();
  });
})();
