// Runs before any script of the page, in every frame: nothing may open a dialog or a
// window, and what was tried is told through the console (at most 20 lines a document).
(() => {
  "use strict";
  const say = console.debug.bind(console);
  let left = 20;
  const recorder = (name, answer) => function (...given) {
    if (left > 0) {
      left -= 1;
      let text = "";
      try { text = String(given[0] ?? "").slice(0, 200); } catch { text = "?"; }
      say("agentflow:guard", name, text);
    }
    return answer;
  };
  const answers = { alert: undefined, confirm: false, prompt: null, print: undefined,
                    open: null };
  for (const [name, answer] of Object.entries(answers)) {
    window[name] = recorder(name, answer);
  }
  if (window === window.top) window.name = "";
})();
