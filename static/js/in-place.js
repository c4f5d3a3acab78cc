// Puts a newer version of a part of the page into the page as it stands, and touches only what is
// different: what somebody reads, types, has unfolded or focused stays as it is.
(() => {
  "use strict";
  if (!window.htmx) return;

  const isElement = (node) => node.nodeType === Node.ELEMENT_NODE;
  // Rows have a key and keep it wherever they go; everything else is known by its place.
  const keyOf = (node) => (isElement(node) && (node.id || node.dataset.key)) || "";
  const alike = (one, other) => one.nodeName === other.nodeName && keyOf(one) === keyOf(other);

  const copyAttributes = (old, fresh) => {
    for (const { name } of [...old.attributes]) {
      // Folds are open or closed as the reader left them.
      if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (name !== "open" && old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
  };

  // The node of `old` from `at` onwards that `wanted` is a newer version of, if there is one.
  const counterpart = (at, wanted, later, keyed) => {
    const key = keyOf(wanted);
    if (key) {
      const found = keyed.get(key);
      return found && found.nodeName === wanted.nodeName ? found : null;
    }
    if (!at || alike(at, wanted)) return at;
    // Something new stands here, and what stood here comes later.
    if (keyOf(at) || later.some((node) => alike(at, node))) return null;
    for (let next = at.nextSibling; next; next = next.nextSibling) {
      if (alike(next, wanted)) return next;
      if (keyOf(next)) return null;
    }
    return null;
  };

  const renewChildren = (old, fresh, added) => {
    const wantedNodes = [...fresh.childNodes];
    const staying = new Set(wantedNodes.map(keyOf));
    const keyed = new Map();
    for (const child of old.children) if (keyOf(child)) keyed.set(keyOf(child), child);
    let at = old.firstChild;
    const drop = () => {
      const gone = at;
      at = at.nextSibling;
      gone.remove();
    };
    wantedNodes.forEach((wanted, n) => {
      while (at && keyOf(at) && !staying.has(keyOf(at))) drop();
      const found = counterpart(at, wanted, wantedNodes.slice(n + 1), keyed);
      if (!found) {
        const node = document.importNode(wanted, true);
        old.insertBefore(node, at);
        if (isElement(node)) added.push(node);
        return;
      }
      // What stands between and is not wanted any more goes; moving `found` over it would take
      // the focus away from it.
      let between = at;
      while (between && between !== found && !(keyOf(between) && staying.has(keyOf(between)))) {
        between = between.nextSibling;
      }
      if (between === found) while (at !== found) drop();
      if (at === found) at = at.nextSibling;
      else old.insertBefore(found, at);
      renew(found, wanted, added);
    });
    while (at) drop();
  };

  const renew = (old, fresh, added) => {
    if (old.isEqualNode(fresh)) return;
    if (!isElement(old)) {
      old.nodeValue = fresh.nodeValue;
      return;
    }
    copyAttributes(old, fresh);
    // What a script of ours keeps in here is its own.
    if (!old.hasAttribute("data-own")) renewChildren(old, fresh, added);
  };

  const keepingFocus = (change) => {
    const held = document.activeElement;
    const caret = held instanceof HTMLInputElement ? [held.selectionStart, held.selectionEnd] : null;
    const address = held instanceof HTMLAnchorElement ? held.getAttribute("href") : null;
    change();
    if (!held || held === document.body || held === document.activeElement) return;
    const again = held.isConnected
      ? held
      : // Its row is gone: the same link elsewhere, else the top of the content.
        [...document.links].find((link) => link.getAttribute("href") === address) ||
        document.getElementById("main");
    again.focus({ preventScroll: true });
    if (caret && caret[0] !== null && again === held) held.setSelectionRange(...caret);
  };

  htmx.defineExtension("in-place", {
    isInlineSwap: (style) => style === "regions" || style === "inside",
    handleSwap: (style, target, fragment) => {
      const added = [];
      if (style === "inside") {
        keepingFocus(() => renewChildren(target, fragment, added));
        return added;
      }
      if (style !== "regions") return false;
      keepingFocus(() => {
        for (const fresh of fragment.querySelectorAll("[data-region]")) {
          const old = document.getElementById(fresh.id);
          if (old) renew(old, fresh, added);
        }
      });
      const asOf = document.getElementById("as-of");
      if (asOf) {
        document.documentElement.dataset.asOf = asOf.dataset.asOf;
        document.documentElement.dataset.staleAfter = asOf.dataset.staleAfter;
      }
      return added;
    },
  });
})();
