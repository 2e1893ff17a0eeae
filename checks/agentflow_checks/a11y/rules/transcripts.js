// Evaluated in a world of our own beside the page: whether it has words, or ways to some,
// that may tell what media show and say.
globalThis.agentflowTranscripts = () => {
  "use strict";
  const SKIPPED = "script, style, template, noscript, nav, [role=navigation], h1, h2, h3, h4, "
    + "h5, h6, [role=heading], audio, video, title";
  const WAYS = "a[href], area[href], button, summary, select, input, iframe, frame, object, "
    + "embed, img, svg, canvas, dialog, [onclick], [role=button], [role=link], [role=tab], "
    + "[popover], [contenteditable]";
  const count = (text) => (text ?? "").match(/[\p{L}\p{N}]+/gu)?.length ?? 0;
  const found = { seen: 0, told: 0, ways: 0 };
  // What is clipped away or lies outside of the page is not seen; it is read out.
  const range = document.createRange();
  const shown = (node) => {
    range.selectNodeContents(node);
    const boxes = [...range.getClientRects()];
    return boxes.some(({ width, height, right, bottom }) => (
      width > 1 && height > 1 && right + scrollX > 0 && bottom + scrollY > 0));
  };
  const clipped = (element) => {
    for (let at = element; at && at !== document.body; at = at.parentElement) {
      const { width, height } = at.getBoundingClientRect();
      if ((width <= 2 || height <= 2) && getComputedStyle(at).overflow !== "visible") {
        return true;
      }
    }
    return false;
  };
  const walk = (root) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    for (let node = walker.currentNode; node; node = walker.nextNode()) {
      if (node.nodeType === 1) {
        if (node.matches(WAYS)) found.ways += 1;
        if (node.shadowRoot) walk(node.shadowRoot);
        continue;
      }
      const parent = node.parentElement;
      const words = node.nodeType === 3 ? count(node.data) : 0;
      if (!words || !parent || parent.closest(SKIPPED)) continue;
      const there = parent.checkVisibility({ visibilityProperty: true });
      if (!there) continue;
      if (!parent.closest("[aria-hidden=true], [inert]")) found.told += words;
      if (parent.checkVisibility({ opacityProperty: true }) && shown(node) && !clipped(parent)) {
        found.seen += words;
      }
    }
  };
  walk(document.body ?? document.documentElement);
  for (const medium of document.querySelectorAll("audio, video")) {
    for (const name of ["aria-label", "aria-description", "title"]) {
      found.told += count(medium.getAttribute(name));
    }
    for (const name of ["aria-describedby", "aria-labelledby"]) {
      for (const id of (medium.getAttribute(name) ?? "").split(/\s+/)) {
        found.told += count(id && document.getElementById(id)?.textContent);
      }
    }
  }
  return JSON.stringify(found);
};
