// Evaluated in a world of our own beside the page: which text is cut off, and where.
globalThis.agentflowLayout = (() => {
  "use strict";
  const { selector: path, described: said } = agentflow;
  const LIMIT = 5000;
  const texts = function* () {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    let left = LIMIT;
    for (let node = walker.nextNode(); node && left > 0; node = walker.nextNode()) {
      const parent = node.parentElement;
      if (!node.data.trim() || ["SCRIPT", "STYLE", "NOSCRIPT"].includes(parent.tagName)
        || !parent.checkVisibility({ opacityProperty: true, visibilityProperty: true })) {
        continue;
      }
      left -= 1;
      yield node;
    }
  };
  const range = document.createRange();
  const bounds = (node) => {
    range.selectNodeContents(node);
    return range.getBoundingClientRect();
  };

  // A text is cut where a part of it is seen, and an ancestor hides the other part. What
  // is wholly outside is hidden on purpose; what is in a box that scrolls can be reached.
  const cut = (node) => {
    const text = bounds(node);
    if (text.width < 1 || text.height < 1) return null;
    let across = true;
    let down = true;
    for (let at = node.parentElement; at && at !== document.documentElement;
         at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.display === "contents" || style.display === "inline") continue;
      if (["auto", "scroll"].includes(style.overflowX)) across = false;
      if (["auto", "scroll"].includes(style.overflowY)) down = false;
      if (!across && !down) return null;
      const box = at.getBoundingClientRect();
      const left = box.left + at.clientLeft;
      const top = box.top + at.clientTop;
      const right = left + at.clientWidth;
      const bottom = top + at.clientHeight;
      if (right - left < 8 || bottom - top < 8) return null; // hidden from sight
      const apart = text.left >= right || text.right <= left
        || text.top >= bottom || text.bottom <= top;
      const hides = (value) => ["hidden", "clip"].includes(value);
      if (hides(style.overflowX) && hides(style.overflowY) && apart) return null;
      const line = parseFloat(getComputedStyle(node.parentElement).fontSize) / 4;
      const wide = across && hides(style.overflowX)
        && (text.right > right + 2 || text.left < left - 2);
      const tall = down && hides(style.overflowY)
        && (text.bottom > bottom + line || text.top < top - line);
      if (wide || tall) {
        const shortened = style.textOverflow === "ellipsis" && wide;
        const clamped = style.webkitLineClamp !== "none" && tall;
        return { by: at, shortened: shortened || clamped };
      }
      if (style.position === "fixed") return null;
    }
    return null;
  };
  // Where there is more to be had: the text leads there, or says it when pointed at.
  const elsewhere = (node, box) => {
    const parent = node.parentElement;
    const next = box.nextElementSibling;
    const leads = "a[href], button, summary";
    if (next && (next.matches(leads) || next.querySelector(leads))) return true;
    return Boolean(parent.closest("a[href], button, summary, [title], [aria-describedby]")
      || box.querySelector(leads));
  };
  let before = new Set();
  const remember = () => {
    before = new Set();
    let seen = 0;
    for (const node of texts()) {
      seen += 1;
      if (cut(node)) before.add(node);
    }
    return seen;
  };
  const newly = () => {
    const found = [];
    const told = new Set();
    for (const node of texts()) {
      const how = before.has(node) ? null : cut(node);
      if (!how || told.has(node.parentElement) || found.length >= 50) continue;
      told.add(node.parentElement);
      found.push({
        ...said(node.parentElement), shortened: how.shortened, by: path(how.by),
        elsewhere: elsewhere(node, how.by),
        text: node.data.trim().replace(/\s+/g, " ").slice(0, 60),
      });
    }
    return JSON.stringify(found);
  };

  // WCAG 2.2, 1.4.12: what people who read with difficulty set for themselves.
  const space = () => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
      word-spacing: 0.16em !important; } p { margin-bottom: 2em !important; }`);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    return null;
  };

  const INHERITED = ["inherit", "unset", "revert", "revert-layer"];
  // Lines whose height the page insists on, in style="".
  const lines = () => {
    const found = [];
    for (const element of document.querySelectorAll("[style]")) {
      if (found.length >= 500 || !element.style
        || element.style.getPropertyPriority("line-height") !== "important"
        || INHERITED.includes(element.style.lineHeight)) continue;
      const own = getComputedStyle(element).lineHeight;
      const narrow = [];
      let wrapped = 0;
      const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const parent = node.parentElement;
        if (!node.data.trim() || !parent.checkVisibility({
          opacityProperty: true, visibilityProperty: true })) continue;
        range.selectNodeContents(node);
        const rows = new Set([...range.getClientRects()].map((rect) => Math.round(rect.top)));
        const style = getComputedStyle(parent);
        if (rows.size < 2 || style.lineHeight !== own) continue;
        wrapped += 1;
        const size = parseFloat(style.fontSize);
        const height = own === "normal" ? 1.2 * size : parseFloat(own);
        if (height < 1.5 * size - 0.01) narrow.push([height, size]);
      }
      if (wrapped) found.push({ ...said(element), narrow: narrow[0] || null });
    }
    return JSON.stringify(found);
  };
  return { remember, newly, space, lines };
})();
