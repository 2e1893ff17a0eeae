// Evaluated in a world of our own beside the page, after controls.js.
globalThis.agentflowMedia = (() => {
  "use strict";
  const MOST = 12;
  const BYTES = 40e6;
  const LONGEST = 900;
  const SILENCE = 0.001; // -60 dB of full scale
  const SOUND = 0.01; // -40 dB
  const STEP = 0.05;
  const { all, described, visible, told, get } = agentflowControls;
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const late = (ms) => pause(ms).then(() => { throw new Error("too slow"); });
  let media = [];

  // The part of the file that its address asks for (Media Fragments URI 1.0, 4.2.1).
  const seconds = (text) => text.replace(/^npt:/, "").split(":")
    .reduce((sum, part) => 60 * sum + Number(part), 0);
  const range = (element) => {
    const whole = Number.isFinite(element.duration) ? element.duration : null;
    const found = /(?:^|[#&])t=([^&]*)/.exec(element.currentSrc.split("#")[1] || "");
    const [from, to] = found ? decodeURIComponent(found[1]).split(",") : ["", ""];
    const begin = seconds(from || "0") || 0;
    const end = to ? seconds(to) : whole;
    return [begin, whole === null ? end : Math.min(end ?? whole, whole)];
  };
  const file = (element) => {
    const asked = element.currentSrc || element.src
      || element.querySelector("source")?.src || "";
    return asked;
  };
  const called = (address) => (address.startsWith("data:") ? "a data: URL"
    : address.split(/[?#]/)[0].split("/").pop().slice(0, 100) || "a file");

  const ours = (address) => {
    try {
      const url = new URL(address, location.href);
      return ["data:", "blob:"].includes(url.protocol) || url.host === location.host;
    } catch { return true; }
  };

  const silent = (e) => e.muted || e.volume === 0;
  const going = (e) => !e.paused && !e.ended;
  const watch = async (limit) => {
    media = all().filter((e) => ["audio", "video"].includes(e.localName) && "paused" in e).slice(0, MOST)
      .map((element) => ({ element, from: null, auto: false, ended: false }));
    const begun = performance.now();
    // Scripts may begin it later than its attribute would.
    const least = media.some(({ element }) => element.autoplay) ? 400
      : !media.length ? 0 : document.scripts.length ? 250 : 50;
    for (;;) {
      for (const one of media) {
        const { element } = one;
        if (going(element) && one.from === null) one.from = element.currentTime;
        if (going(element) || element.ended) one.auto = true;
        if (element.ended) one.ended = true;
      }
      const gone = performance.now() - begun;
      const waits = media.some(({ element: e }) => e.networkState === 2
        && e.readyState < 3 && (e.autoplay || e.readyState < 1));
      if (gone > limit || (gone > least && !waits)) break;
      await pause(25);
    }
    return JSON.stringify(media.map(({ element, auto, ended }) => ({
      ...described(element), kind: element.localName,
      file: called(file(element)),
      here: ours(file(element)), error: element.error?.code || 0,
      ready: element.readyState, auto, ended, autoplay: element.autoplay,
      muted: silent(element), loop: element.loop, range: range(element),
      controls: element.controls, visible: visible(element), told: told(element),
      size: [element.videoWidth || 0, element.videoHeight || 0],
      detached: get(element, "data-agentflow-detached") !== null,
    })));
  };

  // How loud which part of it is, by decoding the file once more.
  const decoded = new Map();
  const decode = async (address) => {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(String(answer.status));
    const data = await answer.arrayBuffer();
    if (data.byteLength > BYTES) throw new Error("too large");
    const context = new OfflineAudioContext(1, 1, 8000);
    const sound = await context.decodeAudioData(data);
    const step = Math.round(STEP * sound.sampleRate);
    const loud = new Float32Array(Math.ceil(sound.length / step));
    for (let channel = 0; channel < sound.numberOfChannels; channel += 1) {
      const values = sound.getChannelData(channel);
      for (let i = 0; i < values.length; i += 1) {
        const slot = (i / step) | 0;
        const value = Math.abs(values[i]);
        if (value > loud[slot]) loud[slot] = value;
      }
    }
    return loud;
  };
  const hear = async (index) => {
    const { element } = media[index];
    const said = (found) => JSON.stringify(found);
    const bytes = element.webkitAudioDecodedByteCount || 0;
    const address = element.currentSrc.split("#")[0];
    if (!address) return said({ sound: "unknown", why: "it has no file" });
    if (element.duration > LONGEST) return said({ sound: bytes ? "some" : "unknown",
      why: "it is too long to be listened to" });
    if (!decoded.has(address)) {
      decoded.set(address, await Promise.race([decode(address), late(4000)])
        .catch((error) => error));
    }
    const loud = decoded.get(address);
    if (!(loud instanceof Float32Array)) {
      // What has no audio track cannot be decoded as audio.
      const none = loud.name === "EncodingError" && !bytes && element.readyState > 0;
      return said({ sound: none ? "none" : "unknown", why: String(loud.message) });
    }
    const [from, to] = range(element);
    let first = null; let last = null; let peak = 0;
    const end = to === null ? loud.length : Math.min(loud.length, Math.ceil(to / STEP));
    for (let slot = Math.floor(from / STEP); slot < end; slot += 1) {
      peak = Math.max(peak, loud[slot]);
      if (loud[slot] < SOUND) continue;
      first ??= slot * STEP;
      last = (slot + 1) * STEP;
    }
    const sound = peak < SILENCE ? "silent" : first === null ? "faint" : "some";
    return said({ sound, first, last, peak });
  };

  // Caption files are asked for only where somebody turns them on: here all are.
  const KINDS = ["captions", "subtitles", "descriptions"];
  const tracks = async (index) => {
    const found = [...media[index].element.querySelectorAll("track")]
      .filter((track) => KINDS.includes(track.kind)).slice(0, 8);
    for (const { track } of found) if (track.mode === "disabled") track.mode = "hidden";
    const begun = performance.now();
    while (found.some((track) => track.readyState < 2 && get(track, "src"))
      && performance.now() - begun < 1500) await pause(15);
    return JSON.stringify(found.map((element) => {
      const cues = [...(element.track.cues || [])];
      return {
        ...described(element), kind: element.kind,
        language: element.srclang || "", src: get(element, "src") || "",
        here: ours(element.src), state: element.readyState, cues: cues.length,
        words: (cues[0]?.text || "").slice(0, 60),
        until: Math.max(0, ...cues.map((cue) => Math.min(cue.endTime, 1e6))),
      };
    }));
  };

  // A transcript: a link, a heading or a switch that calls itself one; the nearest.
  const TRANSCRIPT = /transcri|text (version|alternative)|written (version|copy)|abschrift|transkript|textfassung|trascrizione|transcrição/i;
  const words = (index) => {
    const { element } = media[index];
    const id = get(element, "aria-describedby");
    const told_by = id && element.getRootNode().getElementById?.(id.split(/\s+/)[0]);
    if (told_by) return JSON.stringify({ text: told_by.textContent.trim().slice(0, 80),
      selector: agentflow.selector(told_by) });
    const found = all().filter((e) => e.matches(
      "a, button, summary, h1, h2, h3, h4, h5, h6, figcaption, label, dt, [role=button], p")
      && TRANSCRIPT.test(e.textContent) && visible(e));
    if (!found.length) return JSON.stringify(null);
    const [, y] = agentflow.place(element);
    const far = (e) => Math.abs(agentflow.place(e)[1] - y) + (e.localName === "p" ? 1e4 : 0);
    const near = found.reduce((one, other) => (far(other) < far(one) ? other : one));
    return JSON.stringify({ text: near.textContent.trim().replace(/\s+/g, " ").slice(0, 80),
      selector: agentflow.selector(near) });
  };

  // A short one would end by itself while controls are tried: it is played on.
  const keep = async (index) => {
    const { element } = media[index];
    element.loop = true;
    if (element.ended) await element.play().catch(() => null);
    return null;
  };
  const heard = () => JSON.stringify(media.map(({ element }) => going(element)
    && element.isConnected && !silent(element)));
  const lasts = async (index, wanted, limit) => {
    const { element, from } = media[index];
    const begun = performance.now();
    let played = 0;
    let last = element.currentTime;
    while (going(element) && !silent(element) && performance.now() - begun < limit) {
      if (element.currentTime - from >= wanted || played >= wanted) return true;
      await pause(40);
      played += Math.max(0, element.currentTime - last);
      last = element.currentTime;
    }
    return false;
  };
  return { watch, hear, tracks, words, keep, heard, lasts };
})();
