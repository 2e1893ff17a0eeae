// Evaluated in a world of our own beside the page, with axe-core: what links and fields
// are called, and what stands around them.
globalThis.agentflowPurpose = (() => {
  "use strict";
  const { described } = agentflow;
  const MOST = 500;
  const LONGEST = 1000;
  const HEADINGS = "h1, h2, h3, h4, h5, h6, [role=heading], caption, legend";
  const folded = (text) => (text ?? "").trim().replace(/\s+/g, " ").slice(0, LONGEST);
  const seen = (element) => element.checkVisibility({
    opacityProperty: true, visibilityProperty: true,
  });
  const byIds = (element, name) => (element.getAttribute(name) ?? "").split(/\s+/)
    .map((id) => id && element.getRootNode().getElementById?.(id)).filter(Boolean);

  // The nearest heading before it; where there is none, nothing heads it.
  const heads = () => [...document.querySelectorAll(HEADINGS)]
    .filter((one) => seen(one) && folded(one.textContent));
  const headOf = (element, all) => {
    let nearest = "";
    for (const one of all) {
      const follows = one.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING;
      if (!follows) break;
      nearest = folded(one.textContent).slice(0, 60);
    }
    return nearest;
  };

  // As WCAG has it: sentence or paragraph, list item and those around it, cell and the
  // cells that head it, what it is described by.
  const block = (element) => {
    let at = element.parentElement;
    while (at && /^(inline|contents|ruby)/.test(getComputedStyle(at).display)) {
      at = at.parentElement;
    }
    return at;
  };
  const ITEMS = "li, p, dd, dt, figure, blockquote, [role=listitem], [role=paragraph]";
  const cells = (cell) => {
    const row = cell.closest("tr");
    const table = cell.closest("table");
    if (!row || !table) return [];
    // Cells may span, and name their headers: more are taken than head this one.
    const above = [...table.rows].slice(0, 3).flatMap((one) => [...one.cells]);
    const named = byIds(cell, "headers");
    return [...above, ...row.cells].filter((one) => one.localName === "th").concat(named);
  };
  // Text of a part without that of the links in it, which say where they lead themselves.
  const other = (part, link) => {
    let text = "";
    const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node && text.length < LONGEST;
         node = walker.nextNode()) {
      const parent = node.parentElement;
      if (link.contains(node) || !parent || parent.closest("script, style, template")) continue;
      if (parent.closest("a, [role=link]") || !seen(parent)) continue;
      text += ` ${node.data}`;
    }
    return folded(text);
  };
  const context = (link) => {
    const parts = new Set();
    // A page as a whole is the context of nothing.
    const near = block(link);
    if (near && near !== document.body && near !== document.documentElement) parts.add(near);
    else if (near) {
      for (const beside of [link.previousSibling, link.nextSibling]) {
        if (beside?.nodeType === Node.TEXT_NODE && beside.data.trim()) {
          return [folded(near.innerText)];
        }
      }
    }
    for (let at = link.parentElement; at; at = at.parentElement) {
      if (at.matches(ITEMS)) parts.add(at);
      if (at.matches("td, th, [role=cell], [role=gridcell]")) {
        parts.add(at);
        if (at.matches("td, th")) cells(at).forEach((one) => parts.add(one));
      }
    }
    const texts = [...parts].map((part) => other(part, link));
    const said = byIds(link, "aria-describedby").map((one) => folded(one.textContent));
    return [...texts, ...said, folded(link.getAttribute("title")),
      folded(link.getAttribute("aria-description"))].filter(Boolean);
  };
  const SVG = "http://www.w3.org/2000/svg";
  const leads = (element, node) => {
    if (element.namespaceURI === SVG) {
      return Boolean(element.href?.baseVal) && !element.getAttribute("role");
    }
    return axe.commons.aria.getRole(node) === "link";
  };

  const links = () => {
    const found = [];
    const all = heads();
    axe.setup(document);
    try {
      for (const element of document.querySelectorAll("a, area[href], [role=link]")) {
        if (found.length >= MOST) break;
        const node = axe.utils.getNodeFromTree(element);
        if (!node || !leads(element, node)) continue;
        if (!axe.commons.dom.isVisibleToScreenReaders(node)) continue;
        const called = axe.commons.text.accessibleTextVirtual(node);
        const name = folded(called || (element.namespaceURI === SVG ? element.textContent : ""));
        if (!name) continue;
        const short = name.split(" ").length <= 4;
        found.push({
          ...described(element), name: name.slice(0, 200),
          context: short ? context(element) : [],
          heading: short ? headOf(element, all) : "",
          paragraph: Boolean(element.closest("p, [role=paragraph]")),
          listed: Boolean(element.closest("nav, header, footer, ul, ol, dl, table, menu, "
            + "[role=navigation], [role=menu], [role=list]")),
        });
      }
    } finally { axe.teardown(); }
    return JSON.stringify(found);
  };

  const FIELDS = "input:not([type=hidden], [type=submit], [type=button], [type=reset], "
    + "[type=image]), select, textarea";
  const fields = () => {
    const found = [];
    const all = heads();
    for (const element of [...document.querySelectorAll(FIELDS)].slice(0, MOST)) {
      if (!seen(element) || element.closest("[aria-hidden=true]")) continue;
      const given = byIds(element, "aria-labelledby");
      const all_labels = given.length ? given : [...(element.labels ?? [])];
      const labels = all_labels.filter(seen).map((one) => folded(one.innerText)).filter(Boolean);
      if (!labels.length) continue;
      const said = byIds(element, "aria-describedby").map((one) => folded(one.textContent));
      const group = element.closest("fieldset")?.querySelector("legend")?.textContent;
      const row = element.closest("tr") ? cells(element.closest("td, th") ?? element) : [];
      found.push({
        ...described(element), labels,
        around: [...said, folded(group), ...row.map((one) => folded(one.textContent)),
          folded(element.placeholder), folded(element.title),
          headOf(element, all)].filter(Boolean)[0]?.slice(0, 60) ?? "",
      });
    }
    return JSON.stringify(found);
  };
  return { links, fields };
})();
