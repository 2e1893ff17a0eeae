// Evaluated in a world of our own beside the page, after controls.js.
globalThis.agentflowDevice = (() => {
  "use strict";
  const { all, visible, get } = agentflowControls;

  // What events of motion change: the elements, and how they are after each event.
  const moved = new Set();
  let changes = 0;
  let observer = null;
  let values = new Map();
  const fields = () => all().filter((e) => "value" in e && e.localName !== "li");
  const look = (records) => {
    for (const { target } of records) {
      const element = target.nodeType === 1 ? target : target.parentElement;
      if (!element) continue;
      changes += 1;
      moved.add(element);
    }
  };
  const watch = () => {
    observer?.disconnect();
    changes = 0;
    values = new Map(fields().map((field) => [field, `${field.value} ${field.checked}`]));
    observer = new MutationObserver(look);
    observer.observe(document, {
      subtree: true, childList: true, attributes: true, characterData: true });
    return null;
  };
  const changed = () => {
    look(observer.takeRecords());
    for (const [field, was] of values) {
      if (`${field.value} ${field.checked}` !== was) { changes += 1; moved.add(field); }
    }
    return changes > 0;
  };
  const keep = () => JSON.stringify([...moved].slice(0, 50).map(agentflow.described));
  const find = (selector) => {
    try { return document.querySelector(selector); } catch { return null; }
  };
  const state = (selectors) => JSON.stringify(selectors.map(find).map((element) => (
    element && [element.value ?? "", element.checked ?? "",
      element.textContent.trim().slice(0, 200), get(element, "style"),
      get(element, "class"), get(element, "hidden"), element.open])));
  const MEASURING = /compass|pedometer|step counter|spirit level|kompass|schrittzähler/i;
  const measures = () => MEASURING.test(document.body?.innerText.slice(0, 50000) || "");

  // How elements are turned: by themselves, and with all that is around them.
  const own = (element) => {
    const { transform, rotate } = getComputedStyle(element);
    let angle = 0;
    if (transform !== "none") {
      const matrix = new DOMMatrix(transform);
      angle += (Math.atan2(matrix.m12, matrix.m11) * 180) / Math.PI;
    }
    const given = /(-?[\d.e+]+)deg$/.exec(rotate);
    if (given && !/^[xy] /.test(rotate)) angle += Number(given[1]);
    return angle;
  };
  const whole = (element) => {
    let angle = 0;
    for (let at = element; at; at = at.parentElement) angle += own(at);
    return angle;
  };
  let before = new Map();
  let words = 0;
  const settle = () => {
    for (const animation of Document.prototype.getAnimations.call(document)) {
      try { animation.finish(); } catch { /* an endless one stays where it is */ }
    }
  };
  const text = () => (document.body?.innerText || "").trim().length;
  const remember = () => {
    settle();
    before = new Map(all().filter((e) => e instanceof HTMLElement).slice(0, 3000)
      .map((e) => [e, [own(e), whole(e), visible(e)]]));
    words = text();
    return null;
  };
  const across = (one, other) => {
    const between = Math.abs(one - other) % 180;
    return Math.abs(between - 90) < 1;
  };
  const turned = () => {
    settle();
    const found = [];
    let differs = 0;
    for (const [element, [angle, total, seen]] of before) {
      if (!element.isConnected || !(seen || visible(element))) continue;
      const here = own(element);
      if (Math.abs(here - angle) < 0.5) continue;
      differs += 1;
      if (!across(here, angle) || !across(whole(element), total)) continue;
      const [, , width, height] = agentflow.place(element);
      found.push({ ...agentflow.described(element), by: Math.round(here - angle),
        text: (element.innerText || "").trim().slice(0, 60),
        large: width * height > 0.25 * innerWidth * innerHeight });
    }
    return JSON.stringify({ found: found.slice(0, 10), differs, words: [words, text()] });
  };
  return { watch, changed, keep, state, measures, remember, turned };
})();
