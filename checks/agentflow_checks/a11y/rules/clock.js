// Evaluated in the page's own world before its scripts: timers wait until they are
// asked for, and each finds the clock at the moment it was set for. So a minute goes
// by in as long as the scripts themselves take, and nothing is early or late by it.
(() => {
  "use strict";
  if (window !== window.top) return;
  const begun = Date.now();
  const first = performance.now();
  const Real = Date;
  const queue = new Map();
  let now = 0;
  let last = 1e6;
  const FRAME = 1000 / 60;
  const add = (call, wait, every, values, frame) => {
    last += 1;
    const due = now + Math.max(Number(wait) || 0, frame ? 0 : 1);
    queue.set(last, { call, due, every, values, frame });
    return last;
  };
  const drop = (id) => { queue.delete(id); };
  window.setTimeout = (call, wait, ...values) => add(call, wait, 0, values);
  window.setInterval = (call, wait, ...values) => (
    add(call, wait, Math.max(Number(wait) || 0, 4), values));
  window.requestAnimationFrame = (call) => (
    add(call, FRAME - (now % FRAME), 0, null, true));
  window.clearTimeout = window.clearInterval = window.cancelAnimationFrame = drop;
  Performance.prototype.now = () => first + now;
  window.Date = new Proxy(Real, {
    construct: (kind, given, target) => (
      Reflect.construct(kind, given.length ? given : [begun + now], target)),
    apply: () => new Real(begun + now).toString(),
    get: (kind, name) => (name === "now" ? () => begun + now : kind[name]),
  });
  // One timer each time: what it changed is looked at before the next one.
  const step = ({ detail: until }) => {
    let id = null;
    let one = null;
    for (const [other, timer] of queue) {
      if (one === null || timer.due < one.due) { id = other; one = timer; }
    }
    if (one === null || one.due > until) {
      now = until;
    } else {
      now = Math.max(now, one.due);
      if (one.every) one.due = now + one.every; else queue.delete(id);
    }
    const ran = one !== null && now < until;
    document.dispatchEvent(new CustomEvent("agentflow-now", {
      detail: `${now} ${ran && one.frame ? 1 : 0}` }));
    if (!ran) return;
    if (typeof one.call === "string") (0, eval)(one.call);
    else if (one.frame) one.call.call(window, first + now);
    else if (typeof one.call === "function") one.call.apply(window, one.values);
  };
  document.addEventListener("agentflow-step", step);
})();
