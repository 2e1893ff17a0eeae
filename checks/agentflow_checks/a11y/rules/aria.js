// Evaluated in a world of our own beside the page, with axe-core: what is named, and the
// role that it has.
globalThis.agentflowAria = (() => {
  "use strict";
  const { described } = agentflow;
  const NAMING = ["aria-label", "aria-labelledby", "aria-roledescription",
    "aria-braillelabel", "aria-brailleroledescription"];

  const named = () => {
    const found = [];
    axe.setup(document);
    try {
      for (const element of document.querySelectorAll(NAMING.map((n) => `[${n}]`).join())) {
        if (found.length >= 500) break;
        const node = axe.utils.getNodeFromTree(element);
        if (!node || !axe.commons.dom.isVisibleToScreenReaders(node)) continue;
        const given = NAMING.filter((name) => element.getAttribute(name)?.trim());
        if (!given.length) continue;
        found.push({
          ...described(element), given, shape: element.localName,
          svg: element.namespaceURI !== "http://www.w3.org/1999/xhtml",
          role: axe.commons.aria.getRole(node),
          // An editor, a popover and elements of the page's own get roles otherwise.
          other: element.isContentEditable || element.hasAttribute("popover")
            || element.localName.includes("-") || element.hasAttribute("is"),
        });
      }
    } finally { axe.teardown(); }
    return JSON.stringify(found);
  };
  return { named };
})();
