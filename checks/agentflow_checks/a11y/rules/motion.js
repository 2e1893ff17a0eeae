// Evaluated in a world of our own beside the page, after controls.js; in the page's own
// world clock.js keeps the time.
globalThis.agentflowMotion = (() => {
  "use strict";
  const LONG = 5000;
  const MOST = 40;
  const { all, described, inside, visible } = agentflowControls;
  const pages = () => [document, ...all().map(inside).filter(Boolean)];
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const turn = () => new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => { port1.close(); done(); };
    port2.postMessage(0);
  });

  // What blinks is there, whatever its opacity is at this moment.
  const present = (element) => {
    const [, , width, height] = agentflow.place(element);
    const frame = element.ownerDocument.defaultView?.frameElement;
    if (frame && !visible(frame)) return false;
    return element.isConnected && width >= 2 && height >= 2
      && getComputedStyle(element).display !== "none"
      && (!element.parentElement || visible(element.parentElement));
  };
  const animations = () => {
    const roots = new Set(pages());
    for (const element of all()) if (element.shadowRoot) roots.add(element.shadowRoot);
    return [...roots].flatMap((root) => (root.nodeType === 9
      ? Document.prototype.getAnimations.call(root) : root.getAnimations()));
  };
  const MOVING = /^(transform|translate|rotate|scale|left|right|top|bottom|inset|margin|offset|backgroundPosition|strokeDash|width|height|perspective)/;
  const GIVEN = new Set(["offset", "computedOffset", "easing", "composite"]);
  const changing = (effect) => {
    const frames = effect.getKeyframes();
    const names = new Set(frames.flatMap((one) => Object.keys(one)));
    return [...names].filter((name) => !GIVEN.has(name) && !name.startsWith("--")
      && new Set(frames.map((one) => one[name]).filter((v) => v !== undefined)).size > 1);
  };
  const text = (element) => (element.innerText || "").trim().replace(/\s+/g, " ");
  const BUSY = /spin|load|progress|skeleton|shimmer|wait|busy|typing/i;
  const busy = (element, name) => {
    const role = element.getAttribute("role") || "";
    return ["progressbar", "status", "timer", "log"].includes(role)
      || element.closest("[aria-busy=true]") !== null || element.localName === "progress"
      || BUSY.test(`${element.getAttribute("class") || ""} ${element.id} ${name}`);
  };

  // How far an element is moved, and how much it fades, at five moments of one round.
  const measure = (animation, target) => {
    // Never paused: that would take it out of the hands of the page's own styles.
    const was = animation.currentTime;
    const { duration, delay } = animation.effect.getComputedTiming();
    const seen = [0.02, 0.25, 0.5, 0.75, 0.98].map((part) => {
      animation.currentTime = delay + part * Number(duration);
      const { x, y } = target.getBoundingClientRect();
      const { opacity, visibility } = getComputedStyle(target);
      return [x, y, visibility === "visible" ? Number(opacity) : 0];
    });
    animation.currentTime = was;
    const wide = (index) => Math.max(...seen.map((one) => one[index]))
      - Math.min(...seen.map((one) => one[index]));
    return { shift: Math.max(wide(0), wide(1)), fade: wide(2) };
  };

  // Animations of one name on elements of one kind are told once.
  let running = [];
  const long = (still) => {
    const groups = new Map();
    for (const animation of animations()) {
      const effect = animation.effect;
      const target = effect?.target;
      // Of a frame's own world, or of the page's.
      if (!target || typeof effect.getKeyframes !== "function") continue;
      const { endTime } = effect.getComputedTiming();
      const stands = animation.playState === "paused" && !still;
      if (!(endTime > LONG) || stands || animation.playState === "finished") continue;
      const properties = changing(effect);
      if (!properties.length || !present(target)) continue;
      const name = animation.animationName || animation.transitionProperty || "";
      const key = `${name} ${target.localName} ${target.getAttribute("class") || ""}`;
      if (groups.has(key)) { groups.get(key).more += 1; continue; }
      if (groups.size >= MOST) break;
      groups.set(key, { animation, target, endTime, properties, name, more: 0 });
    }
    running = [...groups.values()];
    return running.map(({ animation, target, endTime, properties, name, more }) => ({
      ...described(target), name, more, properties,
      generated: animation.effect.pseudoElement || "",
      endless: endTime === Infinity, seconds: endTime === Infinity ? 0 : endTime / 1000,
      moves: properties.some((property) => MOVING.test(property)),
      text: animation.effect.pseudoElement ? "" : text(target).slice(0, 60),
      busy: busy(target, name), ...measure(animation, target),
      period: Number(animation.effect.getComputedTiming().duration),
    }));
  };
  const goes = (index) => {
    const { animation, target } = running[index];
    return present(target) && animations().includes(animation)
      && animation.playState === "running";
  };

  // What the page could move by: it decides whether it is watched at all.
  const hints = () => {
    const found = { keyframes: false, turns: false };
    const look = (rules) => {
      for (const rule of rules) {
        if (rule.type === CSSRule.KEYFRAMES_RULE) found.keyframes = true;
        if (rule.media && /orientation|aspect-ratio/.test(rule.media.mediaText)) {
          found.turns = true;
        }
        if (rule.styleSheet) read(rule.styleSheet);
        else if (rule.cssRules) look(rule.cssRules);
      }
    };
    const read = (sheet) => {
      if (/orientation|aspect-ratio/.test(sheet.media.mediaText)) found.turns = true;
      try { look(sheet.cssRules); } catch { /* of another site, and not loaded */ }
    };
    for (const page of pages()) {
      for (const sheet of [...page.styleSheets, ...page.adoptedStyleSheets]) read(sheet);
    }
    return JSON.stringify(found);
  };

  // The page's time.
  let now = 0;
  let frames = 0;
  const seen = new Map();
  const started = () => {
    document.addEventListener("agentflow-now", ({ detail }) => {
      const [at, drawn] = String(detail).split(" ").map(Number);
      now = at;
      frames += drawn;
    });
    const note = (element, kind, value) => {
      if (!element || (seen.size >= MOST && !seen.has(element))) return;
      const entry = seen.get(element) || { texts: [], styles: [], first: null, text: null };
      seen.set(element, entry);
      if (kind === "styles") entry.styles.push(now);
      else if (entry.text !== value) {
        if (entry.text !== null || entry.first !== value) entry.texts.push(now);
        entry.text = value;
      }
    };
    const content = (element) => (element ? element.textContent.trim().slice(0, 500) : "");
    // Texts as they are before anything changes: a change back and forth is two.
    for (const element of all().slice(0, 3000)) {
      if (!element.firstElementChild) before.set(element, content(element));
    }
    const look = (records) => {
      const done = new Set();
      for (const { type, target } of records) {
        const element = target.nodeType === 1 ? target : target.parentElement;
        if (type === "attributes") note(element, "styles");
        else if (element && !done.has(element)) {
          done.add(element);
          const value = content(element);
          if (!seen.has(element) && before.get(element) === value) continue;
          note(element, "texts", value);
        }
      }
    };
    new MutationObserver(look).observe(document, {
      subtree: true, childList: true, characterData: true,
      attributes: true, attributeFilter: ["style", "class", "transform"],
    });
    return null;
  };
  const before = new WeakMap();
  const run = async (span, wall) => {
    const until = now + span;
    const begun = performance.now();
    let steps = 0;
    while (now < until && performance.now() - begun < wall) {
      const was = now;
      document.dispatchEvent(new CustomEvent("agentflow-step", { detail: until }));
      await turn();
      steps += 1;
      if (now === was && steps > 20000) break;
    }
    return JSON.stringify(now);
  };

  const TIME = /^\D{0,20}\d{1,2}\s*[:.]\s*\d{2}|^\d+\s*(s|sec|min)|%\s*$|loading|please wait/i;
  let changed = [];
  const lasting = (times) => times.length > 1
    && times[times.length - 1] - times[0] + 1 > 0 && times[times.length - 1] > LONG;
  const changes = () => {
    const whole = text(document.body).length;
    const found = [...seen].filter(([element]) => element.isConnected && visible(element))
      .map(([element, { texts, styles }]) => ({ element, texts, styles }))
      .filter(({ texts, styles }) => lasting(texts)
        || (styles.length > 4 && styles[styles.length - 1] - styles[0] > LONG));
    // Of those inside each other the innermost.
    changed = found.filter(({ element, texts }) => !lasting(texts) || !found.some((other) =>
      other.element !== element && lasting(other.texts) && element.contains(other.element)))
      .slice(0, 12);
    return JSON.stringify(changed.map(({ element, texts, styles }) => {
      const times = lasting(texts) ? texts : styles;
      return {
        ...described(element), words: text(element).slice(0, 60),
        kind: lasting(texts) ? "text" : "style", times: times.length,
        gap: Math.max(...times.map((time, i) => (i ? time - times[i - 1] : time))),
        last: times[times.length - 1], alone: text(element).length >= whole,
        busy: busy(element, "") || TIME.test(text(element)),
      };
    }));
  };
  const still = async (index, span) => {
    const { element } = changed[index];
    const entry = seen.get(element);
    const count = () => entry.texts.length + entry.styles.length;
    const was = count();
    await run(span, 250);
    return !element.isConnected || !visible(element) || count() === was;
  };
  const drawn = () => JSON.stringify({
    frames,
    canvases: all().filter((e) => e.localName === "canvas" && visible(e)
      && e.width * e.height > 2500).slice(0, 3).map(described),
  });
  let scrolled = [];
  const scrolling = () => {
    scrolled = all().filter((element) => (element.localName === "marquee"
      && visible(element) && element.loop < 1 && text(element))).slice(0, MOST);
    return JSON.stringify(scrolled.map((element) => ({
      ...described(element), words: text(element).slice(0, 60) })));
  };
  const place = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const { x, y } = range.getBoundingClientRect();
    return `${x} ${y}`;
  };
  const stands = async (index) => {
    const element = scrolled[index];
    // Two frames, for what a script asked for to be seen.
    await frame();
    await frame();
    const was = place(element);
    for (let i = 0; i < 6; i += 1) {
      await new Promise((done) => setTimeout(done, 40));
      if (!element.isConnected || !visible(element)) return true;
      if (place(element) !== was) return false;
    }
    return true;
  };

  // Pictures that move: frames and rounds of a GIF, read from its blocks.
  const gif = async (address) => {
    const answer = await fetch(address);
    const data = new Uint8Array(await answer.arrayBuffer());
    if (String.fromCharCode(...data.subarray(0, 3)) !== "GIF") return null;
    let at = 13 + (data[10] & 0x80 ? 3 * 2 ** ((data[10] & 7) + 1) : 0);
    let pictures = 0; let hundredths = 0; let rounds = 1;
    const skip = () => { while (data[at]) at += data[at] + 1; at += 1; };
    while (at < data.length && data[at] !== 0x3b) {
      if (data[at] === 0x21) {
        const kind = data[at + 1];
        if (kind === 0xf9) hundredths += data[at + 4] + 256 * data[at + 5] || 10;
        if (kind === 0xff && data[at + 2] === 11
          && String.fromCharCode(...data.subarray(at + 3, at + 11)) === "NETSCAPE") {
          rounds = data[at + 16] + 256 * data[at + 17];
        }
        at += 2;
        skip();
      } else if (data[at] === 0x2c) {
        pictures += 1;
        at += 10 + (data[at + 9] & 0x80 ? 3 * 2 ** ((data[at + 9] & 7) + 1) : 0) + 1;
        skip();
      } else break;
    }
    return { pictures, seconds: hundredths / 100, rounds };
  };
  const gifs = async () => {
    const found = [];
    const images = all().filter((e) => e.localName === "img" && visible(e)
      && /\.gif([?#]|$)|^data:image\/gif/i.test(e.currentSrc)).slice(0, 10);
    for (const image of images) {
      const read = await gif(image.currentSrc).catch(() => null);
      if (!read || read.pictures < 2) continue;
      const seconds = read.rounds ? read.seconds * read.rounds : Infinity;
      if (seconds * 1000 > LONG) {
        found.push({ ...described(image), endless: !read.rounds,
          seconds: Number.isFinite(seconds) ? seconds : 0 });
      }
    }
    return JSON.stringify(found);
  };
  const list = async (atRest) => {
    if (!atRest) { await frame(); await frame(); }
    return JSON.stringify(long(atRest));
  };
  return { hints, list, goes, started, run, changes, still, drawn, scrolling, stands, gifs };
})();
