// Evaluated in a world of our own beside the page, with axe-core: what the page repeats of
// other pages of its site, and what leads past it. Keys are pressed from outside.
globalThis.agentflowBypass = (() => {
  "use strict";
  const { described } = agentflow;
  const MOST_PAGES = 2;
  const MOST_TEXTS = 3000;
  const WAIT = 1200;
  const folded = (text) => (text ?? "").trim().replace(/\s+/g, " ").toLowerCase();
  const visible = (element) => element.checkVisibility({ visibilityProperty: true });
  const UNSEEN = "script, style, template, noscript, head, title";

  // What heads a page here may be the name of a link to it there: that is no repetition.
  const HEADINGS = "h1, h2, h3, h4, h5, h6, [role=heading]";
  const worded = (parent, text) => (parent?.closest(HEADINGS) ? `heading ${text}` : text);

  // What is read out, piece by piece: text, and pictures by what they show.
  const pieces = (page, seen) => {
    const found = [];
    const walker = page.createTreeWalker(page.body ?? page.documentElement,
      NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    for (let node = walker.nextNode(); node && found.length < MOST_TEXTS;
         node = walker.nextNode()) {
      if (node.nodeType === 1) {
        if (node.localName !== "img" || !node.getAttribute("alt")) continue;
        if (!seen || visible(node)) {
          found.push({ node, text: worded(node, folded(node.alt)) });
        }
        continue;
      }
      const text = folded(node.data);
      const parent = node.parentElement;
      if (!text || !parent || parent.closest(UNSEEN) || !/[\p{L}\p{N}]/u.test(text)) continue;
      if (!seen || visible(parent)) found.push({ node, text: worded(parent, text) });
    }
    return found;
  };
  const repeats = (page) => new Set(pieces(page, false).map(({ text }) => text));

  const neighbours = () => {
    const here = location.href.split("#")[0].split("?")[0];
    const found = new Set();
    for (const link of [...document.querySelectorAll("a[href]")].slice(0, 300)) {
      const address = link.href?.baseVal ?? link.href;
      let url;
      try { url = new URL(address, document.baseURI); } catch { continue; }
      const plain = url.origin + url.pathname;
      if (url.origin === location.origin && plain !== here) found.add(plain);
    }
    return [...found];
  };
  const others = async () => {
    const read = [];
    for (const url of neighbours().slice(0, 6)) {
      if (read.length >= MOST_PAGES) break;
      try {
        const answer = await fetch(url, { signal: AbortSignal.timeout(WAIT) });
        if (!answer.ok || !/html/.test(answer.headers.get("content-type") ?? "")) continue;
        read.push(new DOMParser().parseFromString(await answer.text(), "text/html"));
      } catch { /* a page that cannot be read is none to compare with */ }
    }
    return read;
  };

  let before = [];
  let first = null;
  let fresh = [];
  const within = (outer, node) => outer === node || outer.contains(node);
  const precedes = (one, other) => Boolean(
    one.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING);

  // Repeated is what another page has, too; content begins with what is only here, after
  // the last of what is repeated in front of it.
  const compare = async () => {
    const pages = await others();
    if (!pages.length) return JSON.stringify({ pages: 0 });
    const sets = pages.map(repeats);
    const all = pieces(document, true);
    const known = all.map(({ text }) => sets.some((set) => set.has(text)));
    // A list of links that differs by where one is, is one block: it counts as repeated
    // where part of it is.
    const navigated = (node) => (node.parentElement ?? node).closest("nav, [role=navigation]");
    const blocks = new Set(all.filter((_, i) => known[i]).map(({ node }) => navigated(node)));
    const repeated = all.map(({ node }, i) => known[i]
      || Boolean(navigated(node) && blocks.has(navigated(node))));
    const start = repeated.indexOf(true);
    if (start < 0) return JSON.stringify({ pages: pages.length, repeated: 0 });
    // What is only here and can be pressed is a way, not what one is on the way to.
    const content = all.findIndex(({ node }, i) => i > start && !repeated[i]
      && !(node.parentElement ?? node).closest("a, button, summary, [role=button], [role=link]"));
    if (content < 0) return JSON.stringify({ pages: pages.length, repeated: 0 });
    before = all.filter((_, i) => i < content && repeated[i]).map(({ node }) => node);
    first = all[content].node;
    fresh = all.filter((_, i) => i >= content && !repeated[i]).map(({ node }) => node);
    return JSON.stringify({
      pages: pages.length, repeated: before.length,
      length: before.reduce((sum, { data, alt }) => sum + folded(data ?? alt).length, 0),
      text: folded(first.data ?? first.alt).slice(0, 80),
      example: folded(before[0].data ?? before[0].alt).slice(0, 80),
      ...described(document.documentElement), heading: heading(), landmark: landmark(),
    });
  };

  // A heading or a landmark helps where it begins with the content, or close to it.
  const NEAR = 5;
  const heading = () => {
    const found = [...document.querySelectorAll(HEADINGS)]
      .filter((one) => visible(one) && !before.some((node) => within(one, node)))
      .filter((one) => fresh.some((node) => within(one, node)));
    if (!found.length) return "none";
    const close = fresh.slice(0, NEAR);
    return found.some((one) => close.some((node) => within(one, node))) ? "there" : "later";
  };
  const LANDMARKS = "main, [role=main], article, section, form, search, [role=region], "
    + "[role=article], [role=search], [role=form], [role=complementary], aside";
  const landmark = () => {
    const marks = [...document.querySelectorAll(LANDMARKS)].filter(visible);
    const own = marks.filter((one) => !before.some((node) => within(one, node)));
    if (own.some((one) => within(one, first) && one.matches("main, [role=main]"))) return "there";
    if (own.some((one) => fresh.some((node) => within(one, node)))) return "later";
    return marks.some((one) => one.matches("main, [role=main]")) ? "later" : "none";
  };

  // What may lead past it: controls before the content, that stay on this page.
  let ways = [];
  const candidates = () => {
    const CONTROLS = "a[href], [role=link], button, summary, [role=button], input[type=button]";
    const here = location.href.split("#")[0];
    ways = [...document.querySelectorAll(CONTROLS)]
      .filter((one) => precedes(one, first) && one.tabIndex >= 0)
      .filter((one) => one.localName !== "a"
        || (one.getAttribute("href") ?? "").startsWith("#") || one.href.split("#")[0] === here)
      .slice(0, 8);
    return ways.length;
  };
  const focus = (index) => {
    const way = ways[index];
    if (!way.isConnected) return JSON.stringify(null);
    HTMLElement.prototype.focus.call(way);
    const box = way.getBoundingClientRect();
    const on = document.activeElement === way && visible(way) && box.width > 1
      && box.height > 1 && box.right > 0 && box.left < innerWidth && box.bottom > 0;
    return JSON.stringify(on);
  };

  // Where reading goes on: at the focus, else at the part of the page that was gone to.
  const place = (way) => {
    const active = document.activeElement;
    if (active && active !== document.body && active !== way) return active;
    return document.querySelector(":target");
  };
  const led = async (index) => {
    await new Promise((done) => setTimeout(done, 30));
    const way = ways[index];
    const hidden = before.filter((node) => !within(way, node))
      .every((node) => !visible(node.parentElement ?? node)
        || (node.parentElement ?? node).closest("[aria-hidden=true]"));
    if (hidden && before.length) return JSON.stringify("hides");
    const at = place(way);
    if (!at || at === way) return JSON.stringify("");
    if (!visible(at) && at.getClientRects().length) return JSON.stringify("");
    // Nothing repeated may come between the place and the content.
    const after = before.filter((node) => precedes(at, node));
    if (after.length) return JSON.stringify("");
    return JSON.stringify(precedes(at, first) || within(at, first)
      || fresh.some((node) => within(at, node)) ? "leads" : "");
  };
  return { compare, candidates, focus, led };
})();
