// Evaluated in a world of our own beside the page, with axe-core: what links and frames
// are called, where they stand, and what they lead to.
globalThis.agentflowLinks = (() => {
  "use strict";
  const { described } = agentflow;
  const MOST = 400;
  const LONGEST = 4000;
  const WAIT = 2500;
  const LONGEST_LOOK = 5000;
  const folded = (text) => (text ?? "").trim().replace(/\s+/g, " ").slice(0, LONGEST);
  const ids = new WeakMap();
  let last = 0;
  const idOf = (thing) => {
    if (!thing) return 0;
    if (!ids.has(thing)) ids.set(thing, last += 1);
    return ids.get(thing);
  };

  // Scripts that go somewhere say it in an attribute, or cannot be read.
  const GOES = /(?:location(?:\.href)?\s*=|location\.(?:assign|replace)\(|open\()\s*(['"`])([^'"`]+)\1/;
  const destination = (element) => {
    const href = element.href?.baseVal ?? element.getAttribute("href");
    const given = href ?? GOES.exec(element.getAttribute("onclick") ?? "")?.[2];
    if (!given || given.trim() === "#") return "";
    try {
      const url = new URL(given, document.baseURI);
      return /^(https?|mailto|tel):$/.test(url.protocol) ? url.href : "";
    } catch { return ""; }
  };

  // Where a link stands, as WCAG calls its context: sentence or paragraph, list item,
  // cell with its headers, what it is described by.
  const block = (element) => {
    let at = element.parentElement;
    while (at && /^(inline|contents|ruby)/.test(getComputedStyle(at).display)) {
      at = at.parentElement;
    }
    return at;
  };
  const headers = (cell) => {
    const row = cell.closest("tr");
    const table = cell.closest("table");
    if (!row || !table) return [];
    const above = [...table.rows].slice(0, 3)
      .map((one) => one.cells[cell.cellIndex]).filter((one) => one?.localName === "th");
    return [...above, ...[...row.cells].filter((one) => one.localName === "th")];
  };
  const context = (element) => {
    const parts = new Set([block(element)]);
    for (let at = element.parentElement; at; at = at.parentElement) {
      if (at.matches("li, p, dd, [role=listitem], [role=paragraph]")) parts.add(at);
      if (at.matches("td, th, [role=cell], [role=gridcell]")) {
        parts.add(at);
        if (at.matches("td, th")) headers(at).forEach((one) => parts.add(one));
      }
    }
    const described_by = (element.getAttribute("aria-describedby") ?? "").split(/\s+/);
    for (const id of described_by) {
      const said = id && document.getElementById(id);
      if (said) parts.add(said);
    }
    const texts = [...parts].filter(Boolean).map((part) => folded(part.textContent));
    return [...texts, element.title].join("\n");
  };
  const SECTIONS = "article, section, nav, aside, main, header, footer, ul, ol, dl, table, "
    + "fieldset, form, details, dialog, [role], [aria-label]";

  const links = () => {
    const found = [];
    const headings = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6, [role=heading]")];
    let next = 0;
    axe.setup(document);
    try {
      for (const element of document.querySelectorAll("a, area[href], [role=link]")) {
        if (found.length >= MOST) break;
        const node = axe.utils.getNodeFromTree(element);
        if (!node || axe.commons.aria.getRole(node) !== "link") continue;
        if (!axe.commons.dom.isVisibleToScreenReaders(node)) continue;
        const name = folded(axe.commons.text.accessibleTextVirtual(node)).toLowerCase();
        if (!name) continue;
        while (next < headings.length && headings[next].compareDocumentPosition(element)
          & Node.DOCUMENT_POSITION_FOLLOWING) next += 1;
        found.push({
          element, name, url: destination(element),
          under: [next, idOf(element.parentElement?.closest(SECTIONS))].join(),
        });
      }
    } finally { axe.teardown(); }
    // Most names are there once, or lead to one place.
    const places = new Map();
    for (const { name, url } of found) {
      places.set(name, (places.get(name) ?? new Set()).add(url));
    }
    const groups = new Map();
    for (const link of found) groups.set(link.name, (groups.get(link.name) ?? 0) + 1);
    return JSON.stringify(found.filter(({ name }) => groups.get(name) > 1)
      .map(({ element, ...said }) => ({
        ...described(element), ...said,
        context: places.get(said.name).size > 1 ? context(element).toLowerCase() : "",
      })));
  };

  // What a document says: its own part of it, where it has one.
  const read = (page) => {
    const body = page.body;
    if (!body) return null;
    const main = page.querySelector("main, [role=main]") ?? body;
    let text = main.innerText ?? "";
    if (main === body) {
      for (const part of body.querySelectorAll(":scope > nav, :scope > header, :scope > footer")) {
        text = text.replace(part.innerText ?? "", " ");
      }
    }
    const heading = [...page.querySelectorAll("h1")].slice(0, 20)
      .find((one) => one.checkVisibility({ visibilityProperty: true }));
    return {
      title: folded(page.title), heading: folded(heading?.innerText),
      text: folded(text), whole: folded(body.innerText),
    };
  };
  const delayed = (page) => {
    const meta = page.querySelector("meta[http-equiv=refresh i]");
    return meta ? Number.parseInt(meta.content, 10) : NaN;
  };
  const loaded = (frame) => Promise.race([
    new Promise((done) => frame.addEventListener("load", () => done(true), { once: true })),
    new Promise((done) => setTimeout(() => done(false), WAIT)),
  ]);
  const look = async (url) => {
    const target = new URL(url);
    if (target.origin !== location.origin) return { why: "it is outside of this site" };
    if (target.hash && target.href.split("#")[0] === location.href.split("#")[0]) {
      return { why: "it is a part of this page" };
    }
    if (target.hash) return { why: "it is a part of another page" };
    let answer;
    try {
      answer = await fetch(url, { signal: AbortSignal.timeout(WAIT) });
    } catch { return { why: "it could not be read" }; }
    if (!answer.ok) return { why: "it is not there" };
    if (!/html/.test(answer.headers.get("content-type") ?? "")) return { why: "it is no page" };
    const frame = document.createElement("iframe");
    frame.style.cssText = "position:absolute;left:-9999px;width:1280px;height:800px";
    try {
      const first = loaded(frame);
      frame.src = url;
      document.documentElement.append(frame);
      if (!await first) return { why: "it did not come to rest" };
      if (delayed(frame.contentDocument) === 0) await loaded(frame);
      const page = frame.contentDocument;
      const moves = !Number.isNaN(delayed(page));
      return { url: frame.contentWindow.location.href, moves, ...read(page) };
    } catch { return { why: "it could not be read" }; } finally { frame.remove(); }
  };
  const looks = async (urls) => {
    const found = {};
    const end = performance.now() + LONGEST_LOOK;
    for (const url of urls) {
      found[url] = performance.now() < end ? await look(url) : { why: "time was short" };
    }
    return JSON.stringify(found);
  };

  // Frames that are closed off by an open dialog, or made inert, cannot be reached at all.
  const inert = (element) => {
    if (element.closest("[inert]")) return true;
    const open = [...document.querySelectorAll(":modal")].at(-1);
    return Boolean(open) && !open.contains(element);
  };
  const STOPS = "a[href], area[href], button, input, select, textarea, summary, iframe, "
    + "[tabindex], [contenteditable], audio[controls], video[controls]";
  const stops = (page) => [...page.querySelectorAll(STOPS)].filter((element) => {
    const box = element.getBoundingClientRect();
    return element.tabIndex >= 0 && !element.disabled && !element.closest("[inert]")
      && element.checkVisibility({ visibilityProperty: true })
      && box.width > 0 && box.height > 0;
  }).length;
  const frames = () => {
    const found = [];
    axe.setup(document);
    try {
      for (const element of [...document.querySelectorAll("iframe, frame")].slice(0, 60)) {
        const node = axe.utils.getNodeFromTree(element);
        if (!node || !axe.commons.dom.isVisibleToScreenReaders(node)) continue;
        let page = null;
        try { page = element.contentDocument; } catch { /* of another site */ }
        found.push({
          ...described(element),
          name: folded(axe.commons.text.accessibleTextVirtual(node)).toLowerCase(),
          url: element.hasAttribute("srcdoc") || !element.getAttribute("src") ? ""
            : new URL(element.getAttribute("src"), document.baseURI).href,
          left_out: Number.parseInt(element.getAttribute("tabindex"), 10) < 0,
          seen: element.clientWidth > 2 && element.clientHeight > 2 && !inert(element),
          stops: page ? stops(page) : null,
          shows: page ? { url: "", moves: false, ...read(page) }
            : { why: "what it shows is of another site" },
        });
      }
    } finally { axe.teardown(); }
    return JSON.stringify(found);
  };

  const refreshes = () => JSON.stringify(
    [...document.querySelectorAll("meta[http-equiv=refresh i]")].slice(0, 20)
      .map((meta) => ({ ...described(meta), content: meta.content })));
  return { links, looks, frames, refreshes };
})();
