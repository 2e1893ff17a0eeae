// Evaluated in a world of its own beside the page: reads head, pictures, headings and
// links of the live document through prototypes that no page can break.
globalThis.agentflowBestPractices = (() => {
  "use strict";
  const MOST = 500;
  const getter = (kind, name) => {
    const read = Object.getOwnPropertyDescriptor(kind.prototype, name).get;
    return (node) => read.call(node);
  };
  // Called through prototypes: a form field named "attributes" would win else.
  const localName = getter(Element, "localName"), textOf = getter(Node, "textContent");
  const parentOf = getter(Node, "parentNode"), namespaceOf = getter(Element, "namespaceURI");
  const get = (element, name) => Element.prototype.getAttribute.call(element, name);
  const all = (query) => [...Document.prototype.querySelectorAll.call(document, query)];
  const HTML = "http://www.w3.org/1999/xhtml";
  const natural = [getter(HTMLImageElement, "naturalWidth"),
                   getter(HTMLImageElement, "naturalHeight")];
  const complete = getter(HTMLImageElement, "complete");
  const currentSrc = getter(HTMLImageElement, "currentSrc");
  const short = (text, most = 300) =>
    String(text ?? "").replace(/\s+/g, " ").trim().slice(0, most);

  const selector = (element) => {
    const steps = [];
    for (let at = element; at && at.nodeType === 1; at = parentOf(at)) {
      const id = get(at, "id");
      if (id && all(`#${CSS.escape(id)}`).length === 1) {
        steps.unshift(`#${CSS.escape(id)}`);
        break;
      }
      const name = localName(at), above = parentOf(at);
      const like = above ? [...above.childNodes].filter(
        (one) => one.nodeType === 1 && localName(one) === name) : [];
      steps.unshift(like.length > 1
        ? `${CSS.escape(name)}:nth-of-type(${like.indexOf(at) + 1})` : CSS.escape(name));
    }
    return steps.join(" > ");
  };
  const places = new Map();
  // Which of all elements of its name it is, in the order of the document.
  const place = (element) => {
    const name = localName(element);
    if (!places.has(name)) {
      const alike = all("*").filter((one) => localName(one) === name);
      places.set(name, new Map(alike.map((one, nth) => [one, nth])));
    }
    return { nth: places.get(name).get(element) ?? -1, of: places.get(name).size };
  };
  const found = (element, attribute, more) => ({
    selector: selector(element), tag: localName(element), attribute,
    raw: get(element, attribute) ?? "", ...place(element), ...more });
  const inHead = (element) => {
    for (let at = element; at; at = parentOf(at)) if (at === document.head) return true;
    return false;
  };
  const inside = (element, name) => {
    for (let at = parentOf(element); at; at = parentOf(at)) {
      if (at.nodeType === 1 && localName(at) === name) return true;
    }
    return false;
  };
  const resolved = (raw) => {
    try { return new URL(raw, document.baseURI).href; } catch { return null; }
  };
  const shown = (element) => Element.prototype.checkVisibility.call(
    element, { visibilityProperty: true, contentVisibilityAuto: false });
  const exposed = (element) => {
    for (let at = element; at && at.nodeType === 1; at = parentOf(at)) {
      if (get(at, "aria-hidden") === "true" || get(at, "inert") !== null) return false;
    }
    return shown(element);
  };
  const language = (element) => {
    for (let at = element; at && at.nodeType === 1; at = parentOf(at)) {
      const said = get(at, "lang");
      if (said !== null) return said.toLowerCase();
    }
    return "";
  };

  const head = () => ({
    root: document.documentElement && localName(document.documentElement),
    doctype: document.doctype
      ? { name: document.doctype.name, public: document.doctype.publicId } : null,
    quirks: document.compatMode === "BackCompat",
    lang: document.documentElement ? get(document.documentElement, "lang") : null,
    titles: all("title").filter((one) => namespaceOf(one) === HTML).slice(0, 9)
      .map((one) => found(one, "", { text: short(textOf(one)), head: inHead(one) })),
    metas: all("meta").slice(0, MOST).map((one) => found(one, "content", {
      name: (get(one, "name") ?? "").trim().toLowerCase(),
      property: (get(one, "property") ?? get(one, "name") ?? "").trim().toLowerCase(),
      content: get(one, "content"), charset: get(one, "charset"),
      equiv: (get(one, "http-equiv") ?? "").trim().toLowerCase(), head: inHead(one) })),
    links: all("link[rel]").slice(0, MOST).map((one) => found(one, "href", {
      rel: get(one, "rel").toLowerCase().split(/\s+/), href: get(one, "href"),
      url: resolved(get(one, "href") ?? ""), head: inHead(one) })),
    blocking: all("head script[src]").filter((one) => get(one, "async") === null
      && get(one, "defer") === null && get(one, "nomodule") === null
      && !/^(module|speculationrules|importmap)$/i.test(get(one, "type") ?? "")
      && (!get(one, "type") || /(java|ecma)script/i.test(get(one, "type"))))
      .slice(0, MOST).map((one) => found(one, "src", { url: resolved(get(one, "src")) })),
  });

  const body = () => ({
    elements: Document.prototype.getElementsByTagName.call(document, "*").length,
    h1: all("h1, [role=heading][aria-level='1']").filter(exposed).slice(0, MOST)
      .map((one) => found(one, "class", { text: short(textOf(one), 80) })),
    mains: all("main, [role=main]").filter(exposed).slice(0, MOST)
      .map((one) => found(one, "class", {})),
    links: all("a[href]").filter(exposed).slice(0, 4 * MOST).map((one) => {
      const named = get(one, "aria-label") || get(one, "aria-labelledby")
        || one.querySelector("img[alt]:not([alt=''])");
      return found(one, "href", { url: resolved(get(one, "href").trim()),
        text: named ? "" : short(textOf(one), 80), lang: language(one),
        rel: (get(one, "rel") ?? "").toLowerCase() });
    }),
    here: location.href.replace(/#.*$/s, ""),
  });

  // The computed and not the used value: "auto" stays what it is.
  const computed = (element, name) => {
    const value = element.computedStyleMap().get(name);
    return value === null || value === undefined ? "" : String(value);
  };
  const isLength = (raw) => /^\s*\d/.test(raw ?? "");
  const isSized = (element) => {
    // A <picture> takes width and height from the source that is chosen.
    const sources = inside(element, "picture")
      ? [...parentOf(element).childNodes].filter(
          (one) => one.nodeType === 1 && localName(one) === "source") : [];
    if ([element, ...sources].some(
      (one) => isLength(get(one, "width")) && isLength(get(one, "height")))) return true;
    const [width, height, ratio] = ["width", "height", "aspect-ratio"].map(
      (name) => computed(element, name) || "auto");
    const known = [width, height, ratio].filter((value) => value !== "auto").length;
    return known >= 2;
  };
  const boxOf = (element) => {
    const { x, y, width, height } = Element.prototype.getBoundingClientRect.call(element);
    return [x + scrollX, y + scrollY, width, height];
  };
  const pictures = () => all("img").slice(0, MOST).map((one) => found(one, "src", {
    url: currentSrc(one).slice(0, 1000), length: currentSrc(one).length,
    natural: natural.map((read) => read(one)), box: boxOf(one),
    seen: shown(one), sized: isSized(one), position: computed(one, "position"),
    fit: computed(one, "object-fit"), lazy: /^lazy$/i.test(get(one, "loading") ?? ""),
    choices: get(one, "srcset") !== null || inside(one, "picture"),
    ratio: computed(one, "aspect-ratio"),
  }));
  const boxes = () => all("img").slice(0, MOST).map(
    (one) => [...boxOf(one).slice(2), shown(one)]);

  // What the browser notes while the page loads: shifts, the largest paint, what it
  // will no longer do. Begun as early as a probe can; the browser kept the rest.
  const watch = () => {
    const seen = { shifts: [], largest: null, deprecated: [] };
    const observe = (type, take) => {
      try { new PerformanceObserver((list) => list.getEntries().forEach(take))
        .observe({ type, buffered: true }); } catch { /* an older browser */ }
    };
    observe("layout-shift", (entry) => {
      if (entry.hadRecentInput || seen.shifts.length >= MOST) return;
      const sources = entry.sources.filter(({ node }) => node).slice(0, 5).map(
        ({ node, previousRect: was, currentRect: is }) => {
          const element = node.nodeType === 1 ? node : parentOf(node);
          return { ...found(element, "class"), down: Math.round(is.y - was.y),
                   aside: Math.round(is.x - was.x), gone: is.width * is.height === 0,
                   came: was.width * was.height === 0,
                   area: Math.max(is.width * is.height, was.width * was.height) };
        });
      seen.shifts.push({ value: entry.value, time: entry.startTime, sources });
    });
    observe("largest-contentful-paint", ({ element, url, startTime }) => {
      seen.largest = element ? found(element, "src", {
        url, time: startTime, lazy: /^lazy$/i.test(get(element, "loading") ?? "") })
        : null;
    });
    try {
      new ReportingObserver((reports) => reports.forEach(({ body: said }) => {
        if (seen.deprecated.length < MOST) seen.deprecated.push({
          id: said.id, text: short(said.message), file: said.sourceFile ?? "",
          line: said.lineNumber ?? null, column: said.columnNumber ?? null });
      }), { types: ["deprecation"], buffered: true }).observe();
    } catch { /* an older browser */ }
    return seen;
  };
  // Until nothing has come or moved for `calm` milliseconds, or `limit` are over.
  const load = async (calm, limit) => {
    const seen = watch(), begun = performance.now();
    for (let now = begun; now - begun < limit; now = performance.now()) {
      await new Promise((done) => setTimeout(done, 50));
      const ends = performance.getEntriesByType("resource").map((one) => one.responseEnd);
      const coming = all("img").slice(0, MOST).some(
        (one) => !complete(one) && shown(one) && boxOf(one)[1] < innerHeight);
      const last = coming ? now : Math.max(begun, ...ends, ...seen.shifts.map((one) => one.time));
      if (performance.now() - last >= calm) break;
    }
    return { ...seen, pictures: pictures() };
  };

  return { head, body, boxes, load };
})();
