// Evaluated in a world of our own: the page's controls, by what they say, and pressed.
globalThis.agentflowControls = (() => {
  "use strict";
  const MOST = 400;
  // Pages of the same site in frames are parts of the page.
  const inside = (element) => {
    if (!["iframe", "frame"].includes(element.localName)) return null;
    try { return element.contentDocument; } catch { return null; }
  };
  const all = (root = document, found = []) => {
    for (const element of root.querySelectorAll("*")) {
      found.push(element);
      if (element.shadowRoot) all(element.shadowRoot, found);
      const page = inside(element);
      if (page) all(page, found);
    }
    return found;
  };
  // Where an element is, in the page as a whole: through frames, too.
  const frameOf = (element) => {
    const view = element.ownerDocument.defaultView;
    return view === window ? null : view?.frameElement ?? null;
  };
  const described = (element) => {
    const said = agentflow.described(element);
    for (let at = frameOf(element); at; at = frameOf(at)) {
      const { x, y } = at.getBoundingClientRect();
      const { scrollX: left, scrollY: top } = at.ownerDocument.defaultView;
      said.selector = `${agentflow.selector(at)} >>> ${said.selector}`;
      said.box[0] += x + at.clientLeft + left;
      said.box[1] += y + at.clientTop + top;
    }
    return said;
  };
  const get = (element, name) => Element.prototype.getAttribute.call(element, name);

  // Whether there is something of it on the page to be seen.
  const visible = (element) => {
    if (!element.isConnected || !Element.prototype.checkVisibility.call(
      element, { opacityProperty: true, visibilityProperty: true })) return false;
    const frame = frameOf(element);
    if (frame && !visible(frame)) return false;
    const [x, y, width, height] = agentflow.place(element);
    if (width < 2 || height < 2 || x + width <= 0 || y + height <= 0) return false;
    if (x >= Math.max(innerWidth, document.documentElement.scrollWidth)) return false;
    const clip = getComputedStyle(element);
    return !/^inset\((50|100)%/.test(clip.clipPath) && !/^rect\((0|1)px/.test(clip.clip);
  };
  const told = (element) => !element.closest("[aria-hidden=true], [inert]");

  // The accessible name, as axe-core computes it; its tree is made once for all.
  const names = (elements) => {
    const own = (element) => [get(element, "aria-label"), element.labels?.[0]?.innerText,
      element.innerText, get(element, "title"), get(element, "alt"),
      ["button", "submit", "reset"].includes(element.type) ? element.value : ""]
      .map((word) => (word || "").trim()).find(Boolean) || "";
    try {
      axe.setup(document.documentElement);
      return elements.map((element) => {
        try { return axe.commons.text.accessibleText(element).trim(); }
        catch { return own(element); }
      });
    } catch { return elements.map(own); }
    finally { try { axe.teardown(); } catch { /* it was not set up */ } }
  };

  const SHAPES = "button, input:not([type=hidden]), select, summary, a[href], "
    + "[role=button], [role=switch], [role=checkbox], [role=radio], [role=slider], "
    + "[role=link], [onclick], [tabindex]:not([tabindex='-1'])";
  const AWAY = /^(?!#|javascript:)/i;
  const used = new Set();
  const called = new Map();
  let chosen = null;

  // The next one to use: of those that are seen now the one whose name says so, first
  // those that were not there before; then others; links to elsewhere are only told.
  const next = (pattern, hidden) => {
    const says = new RegExp(pattern, "i");
    const media = new Set(["audio", "video", "html", "body"]);
    const found = all().filter((e) => e.matches(SHAPES) && !e.disabled
      && !media.has(e.localName)).slice(0, MOST);
    const open = found.filter((e) => !used.has(e) && (hidden || visible(e)));
    const fresh = open.filter((e) => !called.has(e));
    const given = names(fresh);
    fresh.forEach((element, i) => called.set(element, given[i].slice(0, 80)));
    const leads = (e) => e.localName === "a" && AWAY.test(get(e, "href").trim());
    const rank = (e) => (says.test(called.get(e)) ? 0 : 2) + (used.size
      && fresh.includes(e) ? 0 : 1);
    const ready = open.filter((e) => !leads(e)).sort((one, other) => rank(one) - rank(other));
    const away = open.filter((e) => leads(e) && says.test(called.get(e)))
      .map((e) => called.get(e)).slice(0, 3);
    [chosen] = ready;
    if (!chosen) return JSON.stringify({ control: null, left: 0, away });
    used.add(chosen);
    const name = called.get(chosen);
    return JSON.stringify({ left: ready.length - 1, away, control: {
      name, says: says.test(name), told: told(chosen),
      selector: described(chosen).selector,
    } });
  };

  // As often as it has values: a slider goes to its least, a choice to its other ones.
  const press = () => {
    const element = chosen;
    const heard = (type) => element.dispatchEvent(new Event(type, { bubbles: true }));
    if (element.localName === "select") {
      element.selectedIndex = (element.selectedIndex + 1) % Math.max(1, element.length);
      heard("input"); heard("change");
    } else if (["range", "number"].includes(element.type)) {
      element.value = element.min || "0";
      heard("input"); heard("change");
    } else if (["button", "submit", "reset", "checkbox", "radio", "image"]
      .includes(element.type) || element.localName !== "input") {
      HTMLElement.prototype.click.call(element);
    }
    return null;
  };

  // Some controls are shown when they have the focus, or the pointer is there.
  const shown = () => {
    const element = chosen;
    try { HTMLElement.prototype.focus.call(element); } catch { /* not focusable */ }
    return visible(element);
  };
  return { all, inside, described, visible, told, names, next, press, shown, get };
})();
