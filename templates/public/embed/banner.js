// The notice of one service, inside another site (docs/embeds.md).
//   <script async src="…/embed/banner.js" data-service="…" data-lang="ar"></script>
// It shows trouble or nothing. Whatever goes wrong here must not be seen or heard there, so every
// way out is quiet. Text goes in as text, style as a sheet of ours: a policy without inline style
// and without markup from strings stays as strict as it is.
(() => {
  "use strict";
  const tag = document.currentScript;
  if (!tag || !tag.dataset.service || !window.fetch || !Element.prototype.attachShadow) return;

  // Twenty seconds after something is published it stands here.
  const EVERY = 15_000;
  // Whoever does not answer is not asked so often: perhaps it is too much already.
  const SELDOM = 60_000;
  const KEPT = 180_000;
  const PATIENCE = 10_000;
  const MOST = 2;
  const STYLE = `
    :host { display: block; }
    section { display: flex; gap: .75em; align-items: flex-start; box-sizing: border-box; padding: .75em 1em;
      font: var(--status-banner-font, inherit); line-height: 1.6; text-align: start;
      color: var(--status-banner-ink, #111927); background: var(--status-banner-paper, #fef3f2);
      border: 1px solid var(--status-banner-edge, #b42318); border-inline-start-width: .4em;
      border-radius: var(--status-banner-radius, .5em); overflow-wrap: anywhere; }
    section[data-calm] { background: var(--status-banner-calm-paper, #f9f5fa);
      border-color: var(--status-banner-calm-edge, #6d428f); }
    div { flex: 1; min-inline-size: 0; }
    p { margin: 0; white-space: pre-line; unicode-bidi: isolate; }
    article + article { margin-block-start: .75em; }
    .label::after { content: " · "; }
    a { color: var(--status-banner-link, inherit); text-underline-offset: .3em; }
    button { flex: none; inline-size: 2.75em; block-size: 2.75em; margin: -.4em 0; padding: 0;
      font: inherit; line-height: 1; color: inherit; background: none; border: 0; cursor: pointer; }
    :focus-visible { outline: 3px solid var(--status-banner-focus, #175cd3); outline-offset: 2px; }
    @media print { button { display: none; } }`;

  const service = tag.dataset.service;
  const page = (tag.dataset.lang || document.documentElement.lang || "").toLowerCase();
  const lang = page.startsWith("en") ? "en" : "ar";
  const address = new URL(`${encodeURIComponent(service)}.json?lang=${lang}`, tag.src).href;
  const memory = `status-banner:${service}`;
  const wasPlaced = tag.isConnected;

  let host = null;
  let shown = "";
  let dismissed = "";
  let renewedAt = 0;
  let saidAt = -1;
  let timer = 0;
  let dueAt = 0;

  // Some pages may keep nothing, and say so by throwing.
  const recall = () => {
    try {
      return sessionStorage.getItem(memory) || dismissed;
    } catch {
      return dismissed;
    }
  };
  const remember = (what) => {
    dismissed = what;
    try {
      sessionStorage.setItem(memory, what);
    } catch {
      // Then it is remembered for this page.
    }
  };

  const element = (name, text, attributes = {}) => {
    const made = document.createElement(name);
    made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  const clear = () => {
    if (host) host.remove();
    host = null;
    shown = "";
  };

  const place = () => {
    host = document.createElement("status-banner");
    host.lang = lang;
    host.dir = lang === "ar" ? "rtl" : "ltr";
    const root = host.attachShadow({ mode: "open" });
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];
    } catch {
      // An old browser shows it plain.
    }
    if (tag.isConnected && tag.dataset.place !== "top" && document.body.contains(tag)) tag.after(host);
    else {
      // Links past the head of a page come first of all.
      const first = [...document.body.children].find((one) => !one.matches("a, link, noscript, script, style, svg, template"));
      if (first) first.before(host);
      else document.body.append(host);
    }
    return root;
  };

  const isTold = (one) =>
    one && [one.title, one.text, one.label, one.ref, one.kind].every((part) => typeof part === "string");

  const link = (one, words) => {
    const to = new URL(one.url);
    // No other scheme gets into a link, whoever answered.
    if (to.protocol !== "https:" && to.protocol !== "http:") throw to;
    return element("a", words.more, { href: to.href, "aria-label": `${words.more}: ${one.title}`, part: "link" });
  };

  const article = (one, words) => {
    const whole = element("article", "", { part: "notice", "data-kind": one.kind, "data-ref": one.ref });
    const title = element("p", "", { part: "title" });
    title.append(element("span", one.label, { class: "label", part: "label" }), element("strong", one.title));
    const more = element("p", "");
    more.append(link(one, words));
    whole.append(title, element("p", one.text, { part: "text" }), more);
    return whole;
  };

  const show = (answer) => {
    const { notices, words } = answer;
    if (answer.service.slug !== service || !notices.every(isTold)) throw answer;
    const told = notices.slice(0, MOST);
    const now = JSON.stringify(told.map((one) => [one.ref, one.title, one.label, one.text]));
    if (!told.length || recall() === now) return clear();
    if (shown === now && host.isConnected) return undefined;
    // Made whole before anything is taken away.
    const body = element("div", "", { "aria-live": "polite" });
    body.append(...told.map((one) => article(one, words)));
    const close = element("button", "✕", { type: "button", "aria-label": words.close, part: "close" });
    close.addEventListener("click", () => {
      remember(now);
      clear();
    });
    const region = element("section", "", { role: "region", "aria-label": words.region, part: "banner" });
    const isBad = told.some((one) => one.kind === "incident" && one.phase !== "resolved" && one.phase !== "closed");
    if (!isBad) region.setAttribute("data-calm", "");
    region.append(body, close);
    const root = host && host.isConnected ? host.shadowRoot : place();
    const wasFocused = root.activeElement;
    root.replaceChildren(region);
    if (wasFocused) (wasFocused.localName === "a" ? region.querySelector("a") : close).focus();
    shown = now;
    return undefined;
  };

  // An answer that is no newer than the last one comes from a store, not from us.
  const isNew = (response) => {
    const at = Date.parse(response.headers.get("date") || "");
    if (Number.isNaN(at)) return true;
    if (at <= saidAt) return false;
    saidAt = at;
    return true;
  };

  const plan = (about) => {
    // Never in step with everybody else who came when the news broke.
    const wait = about * (0.9 + 0.2 * Math.random());
    clearTimeout(timer);
    dueAt = Date.now() + wait;
    timer = setTimeout(ask, wait);
  };

  const ask = async () => {
    // The page has taken its tag away: it shows something else now.
    if (wasPlaced && !tag.isConnected) return clear();
    // Nobody looks: `look` asks when somebody does.
    if (document.hidden) return undefined;
    plan(EVERY);
    const patience = new AbortController();
    const late = setTimeout(() => patience.abort(), PATIENCE);
    try {
      // What the browser keeps for itself would be older than the time between two questions.
      const response = await fetch(address, {
        cache: "no-cache",
        credentials: "omit",
        referrerPolicy: "no-referrer",
        signal: patience.signal,
      });
      if (response.status === 404) clear();
      if (!response.ok) throw response;
      const answer = await response.json();
      const fresh = isNew(response);
      if (fresh || Date.now() - renewedAt <= KEPT) show(answer);
      if (fresh) renewedAt = Date.now();
    } catch {
      // Said below, by saying nothing.
      plan(SELDOM);
    }
    clearTimeout(late);
    forget();
    return undefined;
  };

  // What nobody has confirmed for three minutes is not said any more.
  const forget = () => {
    if (host && Date.now() - renewedAt > KEPT) clear();
  };

  const look = () => {
    forget();
    if (!document.hidden && Date.now() >= dueAt) ask();
  };

  const start = () => {
    document.addEventListener("visibilitychange", look);
    window.addEventListener("pageshow", look);
    ask();
  };
  // Not before the page is whole: what is its first part, and is the tag in its body?
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
