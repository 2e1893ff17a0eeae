// Evaluated in a world of our own beside the page: its fields, in the order of the page.
globalThis.agentflowChanges = (() => {
  "use strict";
  const { described } = agentflow;
  const FIELDS = "select, input, textarea, [role=combobox], [role=listbox]";
  const KINDS = new Set(["checkbox", "radio", "text", "search", "email", "tel", "url",
    "number", "select-one", "textarea"]);
  const FOCUSABLE = `a[href], button, ${FIELDS}, summary, [tabindex]`;
  const usable = (element) => element.checkVisibility({ visibilityProperty: true })
    && !element.disabled && !element.closest("[inert]");
  const listed = (selector) => [...document.querySelectorAll(selector)].filter(usable);
  const HEARS = ["focus", "focusin", "blur", "focusout", "change", "input", "beforeinput",
    "keydown", "keypress", "keyup"].map((name) => `[on${name}]`).join();
  // Where no script can hear of it, nothing has to be tried.
  const hears = () => document.scripts.length > 0 || document.querySelector(HEARS) !== null
    || document.querySelector("iframe, frame") !== null;
  const CAP = 1000;
  let fields = [];
  let stops = [];
  const list = (most) => {
    stops = listed(FOCUSABLE).filter((element) => element.tabIndex >= 0);
    fields = listed(FIELDS).filter((element) => KINDS.has(element.type));
    const tried = hears() ? most : 0;
    return JSON.stringify({
      hears: hears(),
      stops: stops.slice(0, tried || CAP).map(described),
      fields: fields.slice(0, tried || CAP)
        .map((field) => ({ ...described(field), type: field.type })),
      left: {
        stops: Math.max(0, stops.length - (tried || CAP)),
        fields: Math.max(0, fields.length - (tried || CAP)),
      },
    });
  };
  const rest = () => new Promise((done) => setTimeout(done, 20));
  const focus = async (index) => {
    HTMLElement.prototype.focus.call(stops[index]);
    await rest();
    return null;
  };
  const enter = (index) => {
    HTMLElement.prototype.focus.call(fields[index]);
    return document.activeElement === fields[index];
  };
  return { list, focus, enter, rest: async () => { await rest(); return null; } };
})();
