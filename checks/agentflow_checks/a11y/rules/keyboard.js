// Evaluated in a world of our own beside the page; keys are pressed from outside.
globalThis.agentflowKeys = (() => {
  "use strict";
  const { selector: path, place: onPage, described } = agentflow;
  const stops = [];
  const known = new Map();
  const active = (root = document) => {
    const get = Object.getOwnPropertyDescriptor(
      root instanceof Document ? Document.prototype : ShadowRoot.prototype,
      "activeElement").get;
    const found = get.call(root);
    if (!found) return null;
    const inner = found.shadowRoot && active(found.shadowRoot);
    return inner || found;
  };
  const box = (element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return [x, y, width, height];
  };


  // What lies over a focused element everywhere, where it is pinned to the viewport.
  const pinned = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (["fixed", "sticky"].includes(style.position)) return [at, style];
    }
    return null;
  };
  const above = (element, x, y) => {
    let found = document.elementFromPoint(x, y);
    while (found && found.shadowRoot) {
      const inner = found.shadowRoot.elementFromPoint(x, y);
      if (!inner || inner === found) break;
      found = inner;
    }
    return found;
  };
  const related = (one, other) => {
    for (let at = other; at; at = at.parentNode || at.host) if (at === one) return true;
    return false;
  };
  const covered = (element) => {
    const [x, y, width, height] = box(element);
    if (width < 1 || height < 1) return null;
    const by = [];
    let seen = 0;
    for (let row = 0; row < 5; row += 1) {
      for (let column = 0; column < 5; column += 1) {
        const left = x + (width * (column + 0.5)) / 5;
        const top = y + (height * (row + 0.5)) / 5;
        if (left < 0 || top < 0 || left >= innerWidth || top >= innerHeight) continue;
        const found = above(element, left, top);
        if (!found) continue;
        seen += 1;
        if (related(element, found) || related(found, element)) return null;
        by.push(found);
      }
    }
    if (!seen) return null;
    const covers = by.map(pinned);
    if (covers.some((cover) => !cover)) return null;
    const clear = covers.some(([at, style]) => {
      const colour = style.backgroundColor;
      const solid = /^rgb\(/.test(colour) && Number(style.opacity) === 1;
      return !solid && style.backgroundImage === "none";
    });
    return { by: path(covers[0][0]), clear };
  };

  let released = 0;
  const at = async () => {
    // Time for scripts that put the focus back.
    await new Promise((done) => setTimeout(done, 4));
    released = 0;
    const element = active();
    if (!element || element === document.body || element === document.documentElement) {
      return JSON.stringify(-1);
    }
    if (!known.has(element)) {
      known.set(element, stops.length);
      stops.push({
        element, ...described(element),
        frame: ["iframe", "frame", "object", "embed"].includes(element.localName),
        inner: ["audio", "video", "input"].includes(element.localName),
        covered: covered(element),
      });
    }
    return JSON.stringify(known.get(element));
  };
  // Where the focus is after a key that is on its way; null where it was not seen to come
  // up again: in a frame, or kept to itself by the page.
  let waiting = null;
  addEventListener("keyup", ({ key }) => {
    if (key === "Tab") { released += 1; waiting?.(); }
  }, true);
  const afterKey = async () => {
    if (!released) {
      const late = new Promise((done) => setTimeout(done, 60));
      await Promise.race([new Promise((done) => { waiting = done; }), late]);
      waiting = null;
    }
    return released ? at() : null;
  };
  const listed = () => JSON.stringify(
    stops.map(({ element, ...said }) => ({ ...said, shape: element.localName })));

  // About how many stops there are: it only bounds how often a key is pressed.
  const count = () => {
    let number = 0;
    for (const element of Document.prototype.getElementsByTagName.call(document, "*")) {
      if (element.tabIndex >= 0 && !element.disabled) number += 1;
    }
    return number;
  };

  const start = () => {
    const element = active();
    if (element && element !== document.body) element.blur();
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("* { caret-color: transparent !important; }");
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    return count();
  };

  const focus = (index) => {
    const { element } = stops[index];
    if (!element.isConnected) return JSON.stringify(null);
    HTMLElement.prototype.focus.call(element);
    if (active() !== element) return JSON.stringify(null);
    return JSON.stringify(onPage(element));
  };
  const blur = (index) => {
    HTMLElement.prototype.blur.call(stops[index].element);
    return active() !== stops[index].element;
  };

  // Keys that are named in words tell people how to leave.
  const text = () => (document.body ? document.body.innerText.slice(0, 200000) : "");
  const words = () => {
    const named = /\b(ctrl|control|alt|option|cmd|command|esc|escape|shift|keys?|press)\b/i;
    const found = named.exec(text());
    return found ? text().slice(Math.max(0, found.index - 30), found.index + 50) : "";
  };
  const combinations = () => {
    const named = /\b((?:(?:ctrl|control|alt|option|shift|cmd|command)\s*[+-]\s*)+)([a-z0-9]|f\d{1,2}|home|end|enter|tab|esc(?:ape)?)\b|\b(f\d{1,2})\b/gi;
    const found = [...text().matchAll(named)].slice(0, 6);
    return JSON.stringify(found.map(([, modifiers, key, alone]) => (
      [(modifiers || "").toLowerCase().split(/[\s+-]+/)
        .filter(Boolean), (key || alone).toLowerCase()])));
  };

  // Shortcuts: whatever of the page changes.
  let changes = 0;
  let observer = null;
  let state = "";
  const now = () => `${location.hash} ${scrollX} ${scrollY} ${path(active() || document.body)}`
    + [...document.querySelectorAll("input, textarea, select")].slice(0, 200)
      .map((field) => `${field.value}${field.checked}`).join();
  const watch = () => {
    observer?.disconnect();
    changes = 0;
    state = now();
    observer = new MutationObserver((records) => { changes += records.length; });
    observer.observe(document, {
      subtree: true, childList: true, attributes: true, characterData: true,
    });
    return null;
  };
  const changed = () => {
    changes += observer.takeRecords().length;
    return changes > 0 || now() !== state;
  };
  // Controls that may turn shortcuts off, or ask for another key with them.
  const controls = () => [...document.querySelectorAll(
    "input:not([type=text]), select, button, [role=switch], [role=checkbox]")]
    .filter((control) => {
      const label = control.labels?.[0]?.innerText || control.innerText || "";
      const name = `${label} ${control.getAttribute("aria-label") || ""}`;
      return /\b(shortcuts?|hotkeys?|keys?|keyboard|ctrl|alt)\b/i.test(name);
    }).slice(0, 5);
  const settings = () => controls().length;
  const set = () => { for (const control of controls()) control.click(); return null; };
  return { afterKey, combinations, settings, set, at, listed, start, focus, blur, words, watch, changed };
})();
