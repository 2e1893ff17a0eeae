// Evaluated in a world of our own beside the page: text that stands on pictures, and the
// contrast that each of its letters has with what is painted behind it.
globalThis.agentflowBackdrop = (() => {
  "use strict";
  const LETTERS = 600;
  let texts = [];
  let sheet = null;

  const parse = (colour) => {
    const found = /^rgba?\((\d+), (\d+), (\d+)(?:, ([\d.]+))?\)$/.exec(colour);
    return found && [+found[1], +found[2], +found[3], found[4] === undefined ? 1 : +found[4]];
  };
  // What changes how letters are painted, or exempts them: nothing is said of these.
  const odd = (element, style) => {
    if (style.textShadow !== "none" || Number.parseFloat(style.webkitTextStrokeWidth) > 0) {
      return true;
    }
    if (style.webkitTextFillColor !== style.color || element.namespaceURI.endsWith("svg")) {
      return true;
    }
    const label = element.closest("label");
    if (label?.control?.matches(":disabled")) return true;
    for (let at = element; at; at = at.parentElement) {
      const own = getComputedStyle(at);
      if (own.opacity !== "1" || own.filter !== "none" || own.mixBlendMode !== "normal"
        || own.maskImage !== "none" || own.backdropFilter !== "none"
        || own.backgroundClip.includes("text") || own.backgroundAttachment === "fixed"
        || own.position === "fixed" || own.position === "sticky"
        || at.matches(":disabled, [aria-disabled=true], [aria-hidden=true], [inert]")) {
        return true;
      }
    }
    return false;
  };
  const letters = (element) => {
    const found = [];
    const range = document.createRange();
    for (const node of element.childNodes) {
      if (node.nodeType !== 3) continue;
      for (let i = 0; i < node.data.length && found.length < LETTERS; i += 1) {
        if (!/[\p{L}\p{N}]/u.test(node.data[i])) continue;
        range.setStart(node, i);
        range.setEnd(node, i + 1);
        const { x, y, width, height } = range.getBoundingClientRect();
        const [left, top] = [x + scrollX, y + scrollY];
        const there = left >= 0 && top >= 0
          && left + width <= Math.max(innerWidth, document.documentElement.scrollWidth);
        if (there && width >= 2 && height >= 4) found.push([left, top, width, height]);
      }
    }
    return found;
  };
  const list = (selectors) => {
    texts = [];
    for (const [index, selector] of selectors.entries()) {
      const element = document.querySelector(selector);
      if (!element) continue;
      const style = getComputedStyle(element);
      const colour = parse(style.color);
      if (!colour || style.visibility !== "visible" || odd(element, style)) continue;
      const boxes = letters(element);
      if (!boxes.length) continue;
      const size = Number.parseFloat(style.fontSize);
      // 18 points, or 14 in bold, by WCAG's definition of large text.
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      texts.push({ index, colour, boxes, large });
    }
    const all = texts.flatMap(({ boxes }) => boxes);
    if (!all.length) return "null";
    const left = Math.floor(Math.min(...all.map(([x]) => x)));
    const top = Math.floor(Math.min(...all.map(([, y]) => y)));
    return JSON.stringify([left, top,
      Math.ceil(Math.max(...all.map(([x, , w]) => x + w))) - left,
      Math.ceil(Math.max(...all.map(([, y, , h]) => y + h))) - top]);
  };
  const hide = () => {
    sheet = new CSSStyleSheet();
    sheet.replaceSync("*, *::before, *::after { -webkit-text-fill-color: transparent !important; "
      + "text-shadow: none !important; transition: none !important; }");
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    return null;
  };
  const show = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
    return null;
  };

  const pixels = async (base64) => {
    const data = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([data], { type: "image/png" }));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext("2d");
    context.drawImage(bitmap, 0, 0);
    return context.getImageData(0, 0, bitmap.width, bitmap.height);
  };
  // WCAG 2.2, relative luminance and contrast ratio.
  const linear = Array.from({ length: 256 }, (_, i) => (
    i / 255 <= 0.04045 ? i / 255 / 12.92 : ((i / 255 + 0.055) / 1.055) ** 2.4));
  const luminance = (r, g, b) => (
    0.2126 * linear[r] + 0.7152 * linear[g] + 0.0722 * linear[b]);
  const over = ([r, g, b, alpha], under) => (
    [r, g, b].map((c, i) => Math.round(c * alpha + under[i] * (1 - alpha))));
  const apart = (one, other) => one.reduce((sum, c, i) => sum + Math.abs(c - other[i]), 0);
  const contrast = (colour, under) => {
    const mixed = over(colour, under);
    const [one, other] = [luminance(...mixed), luminance(...under)];
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  };
  const measure = async (shown, hidden, [left, top]) => {
    const [front, back] = [await pixels(shown), await pixels(hidden)];
    const { width, height } = back;
    return JSON.stringify(texts.map(({ index, colour, boxes, large }) => {
      let worst = Infinity; let least = Infinity; let count = 0;
      for (const [x, y, w, h] of boxes) {
        let best = 0; let painted = 0; let low = Infinity;
        const cache = new Map();
        for (let row = Math.floor(y - top); row < Math.ceil(y - top + h); row += 1) {
          for (let column = Math.floor(x - left); column < Math.ceil(x - left + w); column += 1) {
            if (row < 0 || column < 0 || row >= height || column >= width) continue;
            const at = 4 * (row * width + column);
            const [r, g, b] = [back.data[at], back.data[at + 1], back.data[at + 2]];
            // Painted by this letter, in its colour, and not by others that lie there.
            const now = [front.data[at], front.data[at + 1], front.data[at + 2]];
            const full = over(colour, [r, g, b]);
            if (apart(now, full) < 0.7 * apart([r, g, b], full)) painted += 1;
            const key = (r << 16) | (g << 8) | b;
            if (!cache.has(key)) cache.set(key, contrast(colour, [r, g, b]));
            const ratio = cache.get(key);
            best = Math.max(best, ratio);
            low = Math.min(low, ratio);
          }
        }
        // Something lies over the letter, or it cannot be told from what is behind it.
        if (painted < 3) continue;
        count += 1;
        worst = Math.min(worst, best);
        least = Math.min(least, low);
      }
      return { index, large, letters: count, all: boxes.length, worst, least };
    }).filter(({ letters: some }) => some > 0));
  };
  return { list, hide, show, measure };
})();
