// Evaluated in a world of our own beside the page, with axe-core: what is seen on
// controls, and what they are called.
globalThis.agentflowLabels = (() => {
  "use strict";
  const { described } = agentflow;
  const ROLES = new Set(["button", "checkbox", "gridcell", "link", "menuitem",
    "menuitemcheckbox", "menuitemradio", "option", "radio", "searchbox", "slider",
    "spinbutton", "switch", "tab", "textbox", "combobox", "listbox", "treeitem"]);
  const ICONS = /icon|symbol|awesome|glyph|material/i;

  // Text as it is seen: not what is clipped away, nor the letters that icon fonts draw.
  const clipped = (element) => {
    for (let at = element; at && at !== document.body; at = at.parentElement) {
      const style = getComputedStyle(at);
      const box = at.getBoundingClientRect();
      const tiny = box.width <= 2 || box.height <= 2;
      if (tiny && style.overflow !== "visible") return true;
      if (/inset\((50|100)%/.test(style.clipPath)) return true;
      if (box.right < 0 || box.bottom + scrollY < 0) return true;
    }
    return false;
  };
  const visible = (root) => {
    let text = "";
    let icon = false;
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const parent = node.parentElement;
      if (!node.data.trim()) { text += " "; continue; }
      if (!parent.checkVisibility({ opacityProperty: true, visibilityProperty: true })
        || clipped(parent)) continue;
      if (ICONS.test(getComputedStyle(parent).fontFamily)) { icon = true; continue; }
      text += getComputedStyle(parent).display === "inline" ? node.data : ` ${node.data} `;
    }
    return { text: text.trim().replace(/\s+/g, " ").slice(0, 300), icon };
  };

  const labels = () => {
    const found = [];
    axe.setup(document);
    try {
      for (const element of document.querySelectorAll("[aria-label], [aria-labelledby]")) {
        if (found.length >= 300) break;
        const node = axe.utils.getNodeFromTree(element);
        if (!node || !element.checkVisibility({ visibilityProperty: true })) continue;
        const role = axe.commons.aria.getRole(node);
        if (!ROLES.has(role)) continue;
        const own = element.matches("input, select, textarea");
        const label = own ? element.labels?.[0] : element;
        if (!label) continue;
        const { text, icon } = visible(label);
        const name = axe.commons.text.accessibleTextVirtual(node).trim();
        if (!text) continue;
        found.push({ ...described(element), text, icon, name: name.slice(0, 1000) });
      }
    } finally { axe.teardown(); }
    return JSON.stringify(found);
  };
  return { labels };
})();
