// Evaluated in a world of our own beside the page: what the forms call errors, whether it
// is seen and read out, and which fields it may be about.
globalThis.agentflowErrors = (() => {
  "use strict";
  const { described } = agentflow;
  const MOST = 100;
  const LONGEST = 300;
  const FIELDS = "input:not([type=hidden], [type=submit], [type=button], [type=reset], "
    + "[type=image]), select, textarea, [role=textbox], [role=combobox], [role=checkbox], "
    + "[role=radiogroup], [role=switch], [role=slider], [role=spinbutton], [role=listbox]";
  // Elements that call themselves so; with words of it or not is told by Python.
  const CALLED = /(^|[\s_-]|[a-z])(error|invalid|fehler|erreur|fout)s?($|[\s_-]|[A-Z0-9])/i;
  const NEVER = "label, legend, button, option, select, textarea, a, summary, title, "
    + "script, style, template, output";
  const folded = (text) => (text ?? "").trim().replace(/\s+/g, " ").slice(0, LONGEST);
  const seen = (element) => element.checkVisibility({
    opacityProperty: true, visibilityProperty: true,
  });
  const ids = (element, name) => (element.getAttribute(name) ?? "").split(/\s+/);
  const byIds = (element, name) => ids(element, name)
    .map((id) => id && document.getElementById(id)).filter(Boolean);

  const labelOf = (field) => {
    const given = byIds(field, "aria-labelledby");
    const named = given.length ? given : [...(field.labels ?? [])];
    const text = named.map((one) => one.innerText ?? "").join(" ");
    return folded(text || field.getAttribute("aria-label") || field.title
      || field.getAttribute("placeholder")).replace(/[*:]+$/, "").trim();
  };
  const groupOf = (field) => {
    const group = field.closest("fieldset, [role=group], [role=radiogroup]");
    if (!group) return "";
    const by = byIds(group, "aria-labelledby").map((one) => one.textContent).join(" ");
    return folded(by || group.getAttribute("aria-label")
      || group.querySelector("legend")?.textContent);
  };
  const fieldsOf = (root) => [...root.querySelectorAll(FIELDS)].filter(seen).slice(0, MOST)
    .map((field) => ({ label: labelOf(field), group: groupOf(field) }));

  const calls = (element) => CALLED.test(element.id)
    || CALLED.test(element.getAttribute("class") ?? "")
    || document.querySelector(`[aria-errormessage~="${CSS.escape(element.id || " ")}"]`);
  const messages = () => {
    const found = [];
    const all = document.querySelectorAll("[id], [class], [role=alert]");
    for (const element of all) {
      if (found.length >= MOST) break;
      if (element.matches(NEVER) || element.closest("label, button, a, nav, code, pre")) continue;
      if (element.matches(FIELDS) || element.querySelector(FIELDS)) continue;
      if (!calls(element) || found.some(({ element: one }) => one.contains(element))) continue;
      const text = folded(seen(element) ? element.innerText : element.textContent);
      if (!/\p{L}/u.test(text)) continue;
      const id = element.id;
      const refers = (one) => ["aria-describedby", "aria-errormessage", "aria-labelledby"]
        .some((name) => ids(one, name).includes(id));
      const users = id ? [...document.querySelectorAll(
        "[aria-describedby], [aria-errormessage], [aria-labelledby]")].filter(refers) : [];
      const form = element.closest("form, [role=form]");
      if (!form && !users.some((one) => one.matches(FIELDS))) continue;
      let near = element.parentElement;
      while (near && !near.querySelector(FIELDS)) near = near.parentElement;
      const before = element.previousElementSibling;
      const hidden = element.closest("[aria-hidden=true], [inert]");
      const others = [...(form ?? document.body).querySelectorAll("*")].filter((one) => (
        !element.contains(one) && !one.contains(element) && folded(one.textContent) === text
        && !one.closest("[aria-hidden=true], [inert]")));
      found.push({
        element, ...described(element), text,
        shown: seen(element) && element.getClientRects().length > 0,
        told: !hidden, again: users.length > 0 || others.length > 0,
        by: users.length ? described(users[0]).html : "",
        beside: Boolean(before) && (before.matches(FIELDS)
          || (!before.matches("fieldset, [role=group], section")
            && before.querySelectorAll(FIELDS).length === 1)),
        tied: users.some((one) => one.matches(FIELDS)),
        fields: fieldsOf(form ?? document.body), near: near ? fieldsOf(near) : [],
      });
    }
    return JSON.stringify(found.map(({ element, ...one }) => one));
  };
  return { messages };
})();
