// Evaluated in a world of our own beside the page, with axe-core: the text that each
// element with a lang attribute hands its language on to.
globalThis.agentflowLanguage = (() => {
  "use strict";
  const { described } = agentflow;
  const MOST = 200;
  const LONGEST = 6000;
  // Code and names are of no language; what a person writes is not the page's.
  const FOREIGN = "script, style, template, noscript, code, pre, kbd, samp, var, "
    + "textarea, select, datalist, math, [translate=no], .notranslate, [contenteditable]";
  const NAMED = "[alt], [aria-label], [placeholder], [aria-labelledby]";

  const texts = () => {
    const root = document.documentElement;
    if (root.localName !== "html") return JSON.stringify([]);
    const holders = [...document.querySelectorAll("[lang]")].slice(0, MOST);
    if (!holders.length) return JSON.stringify([]);
    const held = new Map(holders.map((holder) => [holder, []]));
    const sizes = new Map();
    const skipped = new WeakMap();
    const visible = new WeakMap();
    const skip = (element) => {
      if (!skipped.has(element)) skipped.set(element, Boolean(element.closest(FOREIGN)));
      return skipped.get(element);
    };
    const shown = (element) => {
      if (!visible.has(element)) {
        visible.set(element, element.checkVisibility({ visibilityProperty: true }));
      }
      return visible.get(element);
    };
    const add = (element, text) => {
      const pieces = held.get(element.closest("[lang]"));
      const size = sizes.get(pieces) ?? 0;
      if (!pieces || size > LONGEST || !text.trim()) return;
      pieces.push(text.slice(0, LONGEST));
      sizes.set(pieces, size + text.length);
    };
    if (root.hasAttribute("lang")) add(root, document.title);
    const walker = document.createTreeWalker(document.body ?? root, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const parent = node.parentElement;
      if (node.data.trim() && parent && !skip(parent) && shown(parent)) {
        add(parent, node.data);
      }
    }
    // Names are read out in the language of the element that has them.
    for (const element of [...document.querySelectorAll(NAMED)].slice(0, 1000)) {
      if (skip(element) || !shown(element)) continue;
      for (const name of ["alt", "aria-label", "placeholder"]) {
        add(element, element.getAttribute(name) ?? "");
      }
      const ids = (element.getAttribute("aria-labelledby") ?? "").split(/\s+/);
      for (const id of ids) {
        const label = id && document.getElementById(id);
        if (label && !shown(label)) add(element, label.textContent);
      }
    }
    const found = [];
    for (const [holder, pieces] of held) {
      const tag = holder.getAttribute("lang").trim();
      const known = axe.utils.isValidLang(tag.split("-")[0].toLowerCase());
      if (!known || !pieces.length) continue;
      let own = "";
      try { own = new Intl.DisplayNames([tag], { type: "language" }).of(tag); } catch { /* no such tag */ }
      found.push({
        ...described(holder), whole: holder === root, tag, own,
        around: holder.parentElement?.closest("[lang]")?.getAttribute("lang") ?? "",
        text: pieces.join("\n").replace(/[ \t\r\f]+/g, " ").trim().slice(0, LONGEST),
      });
    }
    return JSON.stringify(found);
  };
  return { texts };
})();
