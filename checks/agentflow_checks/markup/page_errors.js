// Evaluated in a world of its own beside the page: reads links, references and event
// handlers of the live document through prototypes that no page can break.
globalThis.agentflowPageErrors = (() => {
  "use strict";
  const MOST = 2000, LONGEST = 20000;
  const getter = (kind, name) => {
    const read = Object.getOwnPropertyDescriptor(kind.prototype, name).get;
    return (node) => read.call(node);
  };
  // Called through prototypes: a form field named "attributes" would win else.
  const localName = getter(Element, "localName"), parentOf = getter(Node, "parentNode");
  const shadowOf = getter(Element, "shadowRoot"), baseOf = getter(Node, "baseURI");
  const namespaceOf = getter(Element, "namespaceURI");
  const textOf = getter(Node, "textContent");
  const get = (element, name) => Element.prototype.getAttribute.call(element, name);
  const names = (element) => Element.prototype.getAttributeNames.call(element);
  const all = (root) => [...(root.nodeType === 9
    ? Document : root instanceof ShadowRoot ? DocumentFragment : Element)
    .prototype.querySelectorAll.call(root, "*")];
  const SVG = "http://www.w3.org/2000/svg";

  const roots = () => {
    const found = [{ root: document, host: null }];
    for (let i = 0; i < found.length && i < 200; i += 1) {
      const here = found[i];
      here.elements = all(here.root);
      here.ids = new Map();
      here.names = new Set();
      here.maps = new Set();
      here.counts = new Map();
      here.places = new Map();
      here.alike = new Map();
      for (const element of here.elements) {
        const kind = localName(element), nth = here.counts.get(kind) ?? 0;
        here.places.set(element, nth);
        here.counts.set(kind, nth + 1);
        const id = get(element, "id"), name = get(element, "name");
        if (id) here.ids.set(id, (here.ids.get(id) ?? 0) + 1);
        if (name && localName(element) === "a") here.names.add(name);
        if (name && localName(element) === "map") here.maps.add(name);
        const shadow = shadowOf(element);
        if (shadow) found.push({ root: shadow, host: element, above: here });
      }
    }
    return found.filter((one) => one.elements);
  };

  // Children of one parent by their names, counted once for all of them.
  const among = (element, here) => {
    const above = parentOf(element);
    if (!above) return [0, 1];
    if (!here.alike.has(above)) {
      const nth = new Map(), of = new Map();
      for (const one of above.childNodes) {
        if (one.nodeType !== 1) continue;
        const name = localName(one), before = of.get(name) ?? 0;
        nth.set(one, before);
        of.set(name, before + 1);
      }
      here.alike.set(above, { nth, of });
    }
    const { nth, of } = here.alike.get(above);
    return [nth.get(element), of.get(localName(element))];
  };

  const selector = (element, here) => {
    const steps = [];
    for (let at = element; at && at.nodeType === 1; at = parentOf(at)) {
      const id = get(at, "id");
      if (id && here.ids.get(id) === 1) { steps.unshift(`#${CSS.escape(id)}`); break; }
      const name = CSS.escape(localName(at)), [nth, of] = among(at, here);
      steps.unshift(of > 1 ? `${name}:nth-of-type(${nth + 1})` : name);
    }
    const own = steps.join(" > ");
    return here.host ? `${selector(here.host, here.above)} >>> ${own}` : own;
  };

  const resolved = (raw) => {
    try { return new URL(raw, baseOf(document)).href; } catch { return null; }
  };
  const bare = (url) => url.replace(/#.*$/s, "");
  const decoded = (text) => {
    const bytes = [];
    const given = new TextEncoder().encode(text);
    for (let i = 0; i < given.length; i += 1) {
      const hex = String.fromCharCode(given[i + 1] ?? 0, given[i + 2] ?? 0);
      if (given[i] === 37 && /^[0-9a-f]{2}$/i.test(hex)) {
        bytes.push(parseInt(hex, 16));
        i += 2;
      } else bytes.push(given[i]);
    }
    return new TextDecoder().decode(new Uint8Array(bytes));
  };

  const LISTS = ["aria-labelledby", "aria-describedby", "aria-controls", "aria-owns",
                 "aria-details", "aria-errormessage", "aria-flowto"];
  const SINGLE = ["aria-activedescendant"];
  const OWN = {
    label: { for: 1 }, output: { for: 2, form: 1 }, td: { headers: 2 },
    th: { headers: 2 }, input: { list: 1, form: 1, popovertarget: 1 },
    button: { form: 1, popovertarget: 1, commandfor: 1 }, select: { form: 1 },
    textarea: { form: 1 }, fieldset: { form: 1 }, object: { form: 1 },
  };
  const PAINT = ["fill", "stroke", "clip-path", "mask", "filter", "marker-start",
                 "marker-mid", "marker-end"];

  // Attribute -> ids that it names; only of attributes that are there.
  const references = function* (element) {
    const name = localName(element);
    const words = (text) => text.split(/[\t\n\f\r ]+/).filter(Boolean);
    const own = Object.hasOwn(OWN, name) ? OWN[name] : {};
    for (const key of names(element)) {
      const raw = get(element, key);
      if (LISTS.includes(key) || own[key] === 2) yield [key, raw, words(raw)];
      else if (SINGLE.includes(key) || own[key] === 1) {
        yield [key, raw, raw ? [raw] : []];
      } else if (namespaceOf(element) === SVG && name !== "a") {
        const link = /^(?:xlink:)?href$/.test(key) && /^#(.+)$/s.exec(raw);
        const paint = PAINT.includes(key) && /^\s*url\(\s*["']?#([^"')]+)/.exec(raw);
        const found = link || paint;
        if (found) yield [key, raw, [decoded(found[1].trim())]];
      }
    }
  };

  const ASSETS = {
    img: ["src", "srcset"], source: ["src", "srcset"], script: ["src"],
    link: ["href"], iframe: ["src"], video: ["src", "poster"], audio: ["src"],
    track: ["src"], embed: ["src"], object: ["data"], input: ["src"], form: ["action"],
    image: ["href", "xlink:href"], use: ["href", "xlink:href"],
  };
  const addresses = (raw, key) => (key === "srcset"
    ? raw.split(/,\s+|\s+[\d.]+[wx]\s*,?\s*/).map((one) => one.trim()) : [raw]
  ).filter(Boolean);

  const shorten = (text) => String(text ?? "").replace(/\s+/g, " ").trim().slice(0, 80);

  const collect = () => {
    const found = { handlers: [], assets: [], links: [], anchors: [], dead: [],
                    references: [], anchorCount: 0, linkCount: 0, referenceCount: 0,
                    handlerCount: 0, scripts: 0, refresh: null, canonical: null };
    const keep = (list, item) => { if (list.length < MOST) list.push(item()); };
    const [top, ...shadows] = roots();
    for (const here of [top, ...shadows]) {
      for (const element of here.elements) {
        const name = localName(element);
        const base = (more) => ({
          selector: selector(element, here), tag: name, ...more,
          ...(here.host ? {} : { nth: here.places.get(element), of: here.counts.get(name) }),
        });
        if (name === "script") found.scripts += 1;
        if (name === "meta" && /^refresh$/i.test(get(element, "http-equiv") ?? "")) {
          found.refresh ??= base({ raw: get(element, "content") ?? "" });
        }
        if (name === "link" && /\bcanonical\b/i.test(get(element, "rel") ?? "")) {
          found.canonical ??= get(element, "href");
        }
        for (const key of names(element)) {
          if (!key.startsWith("on") || !(key in element)) continue;
          const value = get(element, key);
          found.handlerCount += 1;
          if (value.length <= LONGEST) keep(found.handlers, () => base({ name: key, value }));
        }
        for (const [key, raw, ids] of references(element)) {
          found.referenceCount += ids.length > 0;
          const missing = ids.filter((id) => !here.ids.has(id));
          if (missing.length) {
            keep(found.references, () => base({ attribute: key, raw, missing }));
          }
        }
        const map = (name === "img" || name === "object") && get(element, "usemap");
        if (map) {
          found.referenceCount += 1;
          const wanted = map.replace(/^[^#]*#/s, "");
          if (!here.maps.has(wanted)) {
            keep(found.references, () => base({
              attribute: "usemap", raw: map, missing: [wanted] }));
          }
        }
        for (const key of Object.hasOwn(ASSETS, name) ? ASSETS[name] : []) {
          const raw = get(element, key);
          if (!raw || raw.startsWith("#")) continue;
          for (const one of addresses(raw, key)) {
            keep(found.assets, () => base({
              attribute: key, raw, address: one, url: resolved(one),
              rel: (get(element, "rel") ?? "").toLowerCase() }));
          }
        }
        if (name === "a" || name === "area") {
          const key = get(element, "href") !== null ? "href" : "xlink:href";
          const raw = get(element, key);
          if (raw === null) continue;
          found.linkCount += 1;
          const trimmed = raw.trim(), url = resolved(trimmed);
          const what = () => base({
            attribute: key, raw, url, text: shorten(textOf(element)),
            onclick: get(element, "onclick") });
          if (/^(#!?|javascript:\s*(void\s*\(?\s*0?\s*\)?)?\s*;*\s*)?$/i.test(trimmed)) {
            keep(found.dead, what);
            continue;
          }
          const hash = url === null ? -1 : url.indexOf("#");
          const same = hash >= 0 && bare(url) === bare(location.href);
          if (!same) { keep(found.links, what); continue; }
          const fragment = url.slice(hash + 1).replace(/:~:.*$/s, "");
          const written = decoded(fragment);
          found.anchorCount += 1;
          const there = [fragment, written].some(
            (id) => top.ids.has(id) || top.names.has(id));
          if (fragment && !there && written.toLowerCase() !== "top") {
            keep(found.anchors, () => ({ ...what(), id: written }));
          }
        }
      }
    }
    return found;
  };

  // Press a link as a person does, and tell whether anything came of it.
  const click = async (wanted) => {
    const element = document.querySelector(wanted);
    if (!element) return null;
    let changes = 0, prevented = null;
    const watch = new MutationObserver((records) => { changes += records.length; });
    watch.observe(document, { subtree: true, childList: true, attributes: true,
                              characterData: true });
    const pause = (ms) => new Promise((done) => setTimeout(done, ms));
    await pause(20);
    const noise = changes;
    changes = 0;
    const scrolled = [scrollX, scrollY];
    const look = (event) => { prevented = event.defaultPrevented; };
    addEventListener("click", look, { once: true });
    element.dispatchEvent(new MouseEvent("click", {
      bubbles: true, cancelable: true, composed: true, view: window, detail: 1 }));
    await pause(40);
    removeEventListener("click", look);
    watch.disconnect();
    return { noise, changes, prevented,
             scrolled: scrollX !== scrolled[0] || scrollY !== scrolled[1] };
  };

  return { collect, click };
})();
