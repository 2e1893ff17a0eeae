// Runs in a world of its own beside each document, after axe-core's source: the page's
// scripts cannot see or change it, and it reads the DOM through unbroken prototypes.
axe.configure({ allowedOrigins: ["<unsafe_all_origins>"] });
globalThis.agentflow = (() => {
  "use strict";
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  // Called through the prototype: a form named "getElementsByTagName" would win else.
  const all = () => Document.prototype.getElementsByTagName.call(document, "*");

  // Transitions are brought to their end, endless animations to their beginning, so
  // that colours and boxes are those at rest and the same in every run.
  const freeze = () => {
    for (const animation of Document.prototype.getAnimations.call(document)) {
      try {
        const timing = animation.effect?.getComputedTiming();
        if (timing && Number.isFinite(timing.endTime)) animation.finish();
        else { animation.pause(); animation.currentTime = 0; }
      } catch { /* an animation without a target cannot be finished */ }
    }
  };

  const fonts = Object.getOwnPropertyDescriptor(Document.prototype, "fonts");
  const calm = async () => {
    await fonts.get.call(document).ready;
    // Our callback comes after the page's own of that frame; observers fire at its
    // end, and their callbacks have run when the next task begins.
    await frame();
    await pause(0);
    return true;
  };
  // The page comes to rest while the news that it is loaded is on its way to us.
  let loaded = 0;
  const calmed = new Promise((done) => {
    if (window === window.top) {
      addEventListener("load", () => {
        loaded = performance.now();
        setTimeout(() => done(calm()));
      }, { once: true });
    }
  });

  // Whether something came into sight, or went, since the page had settled. It is told
  // when axe-core is done; and of a page with scripts not before WATCHED is over, which
  // costs nothing where axe-core takes as long.
  const WATCHED = 60;
  const UNSEEN = new Set(["SCRIPT", "STYLE", "LINK", "META", "TEMPLATE", "TITLE"]);
  const shows = (node) => (node.nodeType === 1 ? !UNSEEN.has(node.tagName)
    : node.nodeType === 3 && /\S/.test(node.data));
  const tells = ({ type, target, addedNodes, removedNodes }) => (type === "attributes"
    || (!UNSEEN.has(target.nodeType === 1 ? target.tagName : target.parentNode?.tagName)
      && (type === "characterData" || [...addedNodes, ...removedNodes].some(shows))));
  let news = 0;
  const watcher = new MutationObserver((records) => { news += records.filter(tells).length; });
  const watch = () => {
    watcher.disconnect();
    news = 0;
    watcher.observe(document, { subtree: true, childList: true, characterData: true,
      attributes: true, attributeFilter: ["class", "hidden", "open"] });
  };
  let judging = Promise.resolve();
  const late = async () => {
    await judging.catch(() => null);
    const left = loaded + WATCHED - performance.now();
    if (left > 0 && document.scripts.length) await pause(left);
    news += watcher.takeRecords().filter(tells).length;
    watcher.disconnect();
    return JSON.stringify(news > 0);
  };
  const settle = async (limit, watched) => {
    // A document that was opened anew has lost the listener above.
    const tooLate = pause(limit).then(() => false);
    const settled = await Promise.race([calmed, calm(), tooLate]);
    freeze();
    if (watched) watch();
    return JSON.stringify({
      settled, ready: document.readyState, url: location.href, elements: all().length,
    });
  };

  // Through shadow roots too: the parts are joined as axe-core's targets are.
  const selector = (element) => {
    const root = element.getRootNode();
    const steps = [];
    for (let at = element; at && at.nodeType === 1; at = at.parentElement) {
      const id = Element.prototype.getAttribute.call(at, "id");
      if (id && root.querySelectorAll(`#${CSS.escape(id)}`).length === 1) {
        steps.unshift(`#${CSS.escape(id)}`);
        break;
      }
      const name = CSS.escape(at.localName);
      const like = at.parentElement
        ? [...at.parentElement.children].filter((c) => c.localName === at.localName)
        : [];
      steps.unshift(like.length > 1 ? `${name}:nth-of-type(${like.indexOf(at) + 1})`
                                    : name);
    }
    const own = steps.join(" > ");
    return root.host ? `${selector(root.host)} >>> ${own}` : own;
  };

  // Where an element is, on the page and not in the viewport, and its start tag.
  const place = (element) => {
    const { x, y, width, height } = Element.prototype.getBoundingClientRect.call(element);
    return [x + scrollX, y + scrollY, width, height];
  };
  const described = (element) => {
    const whole = Element.prototype.cloneNode.call(element, false).outerHTML;
    return {
      selector: selector(element), box: place(element),
      html: whole.replace(/<\/[^>]*>$/, "").slice(0, 300),
    };
  };

  // Elements that stick out are the cause only where no ancestor clips or scrolls them;
  // of a nest of them the innermost is named.
  const clipped = (element) => {
    for (let at = element.parentElement; at && at !== document.body;
         at = at.parentElement) {
      if (getComputedStyle(at).overflowX !== "visible") return true;
    }
    return false;
  };
  const measure = () => {
    const root = document.documentElement;
    const width = document.scrollingElement || root;
    const pixels = width.scrollWidth - innerWidth;
    const culprits = [];
    if (pixels > 1) {
      const out = new Set();
      const edge = innerWidth + 1 - scrollX;
      const range = document.createRange();
      for (const element of all()) {
        const box = element.getBoundingClientRect();
        if (box.width > 0 && box.right > edge) out.add(element);
        // A long word sticks out of a box that itself fits.
        for (const child of element.childNodes) {
          if (child.nodeType !== 3 || out.has(element)) continue;
          range.selectNodeContents(child);
          if (range.getBoundingClientRect().right > edge) out.add(element);
        }
      }
      for (const element of out) {
        if (culprits.length >= 5) break;
        const inner = [...element.children].some((child) => out.has(child));
        if (!inner && !clipped(element)) culprits.push(selector(element));
      }
    }
    return { pixels, culprits };
  };

  // A page may answer to a width by script: that has run when the next frame comes.
  // It hears of one by an event or an observer, or looks again and again.
  const HEARS = /\bresize\b(?!\s*:)|matchMedia|Observer|requestAnimationFrame|setInterval|eval\(|\bimport\b|["'`]script["'`]/;
  let answers = null;
  const answersToWidth = () => {
    const scripts = [...document.scripts];
    return scripts.some((script) => script.src || HEARS.test(script.text))
      || document.querySelector("[onresize], iframe, frame, object, embed") !== null;
  };
  const overflow = async (width) => {
    for (let tries = 0; tries < 200 && innerWidth !== width; tries += 1) await pause(1);
    answers ??= answersToWidth();
    if (answers) await Promise.race([frame(), pause(100)]);
    return JSON.stringify({ ...measure(), elements: all().length });
  };

  const dom = () => {
    const kind = document.doctype;
    const head = kind ? new XMLSerializer().serializeToString(kind) : "";
    return head + document.documentElement.outerHTML;
  };

  // Whether something was done to the page that is seen: its document, its sheets, what
  // is open, what has the focus, and where it is scrolled to.
  let sheets = [];
  const seen = () => {
    const text = dom();
    let sum = 0;
    for (let i = 0; i < text.length; i += 1) sum = (sum * 31 + text.charCodeAt(i)) | 0;
    const fields = [...document.querySelectorAll("input, select, textarea")].map(
      (field) => `${field.value}|${field.checked}`).join();
    const open = document.querySelectorAll(":popover-open, :modal").length;
    const active = document.activeElement;
    return [sum, text.length, fields, open, active ? selector(active) : "",
            location.href, scrollX, scrollY].join(" ");
  };
  const mark = () => {
    sheets = [...document.adoptedStyleSheets];
    return seen();
  };
  const unchanged = async (marked) => {
    if (document.adoptedStyleSheets.length !== sheets.length) {
      document.adoptedStyleSheets = sheets;
    }
    await Promise.race([frame(), pause(100)]);
    await pause(0);
    return seen() === marked;
  };

  const boxed = (target) => {
    try {
      const first = Array.isArray(target[0]) ? target[0][0] : target[0];
      return place(document.querySelector(first));
    } catch { return null; }
  };
  const check = ({ id, message, data, relatedNodes }) => ({
    id, message, data: data ?? null,
    related: (relatedNodes ?? []).map((node) => node.target),
  });
  const node = ({ target, html, impact, any, all, none, failureSummary }) => ({
    target, html, impact, failureSummary, box: boxed(target),
    checks: [...any, ...all, ...none].map(check),
  });
  const rule = ({ id, impact, tags, description, help, helpUrl, nodes }) => ({
    id, impact, tags, description, help, helpUrl, nodes: nodes.map(node),
  });
  const judge = async (rules, roots) => {
    const context = roots ? { include: roots.map((root) => [root]) } : document;
    judging = axe.run(context, {
      runOnly: { type: "rule", values: rules }, elementRef: false,
    });
    const result = await judging;
    return JSON.stringify({
      version: axe.version,
      violations: result.violations.map(rule),
      incomplete: result.incomplete.map(rule),
      // Of what passed only the number of elements is of use.
      passes: result.passes.map(({ id, tags, help, nodes }) => (
        { id, tags, help, count: nodes.length })),
      inapplicable: result.inapplicable.map(({ id, tags, help }) => (
        { id, tags, help })),
    });
  };
  const rules = () => JSON.stringify(axe._audit.rules.map(
    ({ id, tags, enabled }) => ({ id, tags, enabled })));

  // What is there when the page has settled, in one answer.
  const first = () => JSON.stringify({ dom: dom(), ...measure() });

  const accepts = (styles) => JSON.stringify(styles.map(
    ({ property, value, rule, contains }) => {
      if (property) return CSS.supports(property, value);
      try {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(rule);
        const kept = [...sheet.cssRules].map((one) => one.cssText).join("\n");
        return kept !== "" && (!contains || kept.includes(contains));
      } catch { return false; }
    }));

  return { selector, place, described, settle, late, overflow, judge, rules, first, accepts, mark,
           unchanged };
})();
