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
  const listed = (selector, most) => [...document.querySelectorAll(selector)]
    .filter(usable).slice(0, most);
  let fields = [];
  let stops = [];
  const list = (most) => {
    stops = listed(FOCUSABLE, most).filter((element) => element.tabIndex >= 0);
    fields = listed(FIELDS, most).filter((element) => KINDS.has(element.type));
    return JSON.stringify({
      stops: stops.map(described),
      fields: fields.map((field) => ({ ...described(field), type: field.type })),
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
