// Evaluated in a world of our own beside the page: what controls open, and what colours
// and places a state changes.
globalThis.agentflowStates = (() => {
  "use strict";
  const { selector: path, described: said } = agentflow;
  const MOST = 20000;
  const all = () => [...Document.prototype.getElementsByTagName.call(document, "*")]
    .slice(0, MOST);
  const seen = (element) => element.checkVisibility({
    opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true });
  const active = () => document.activeElement;

  // What a scheme or a pointer may change: two pages of equal looks need no second look.
  const looks = () => {
    let sum = 0;
    for (const element of all()) {
      const style = getComputedStyle(element);
      const text = `${style.color}${style.backgroundColor}${style.backgroundImage}`
        + `${style.opacity}${style.visibility}${style.display}${style.textDecorationLine}`;
      for (let i = 0; i < text.length; i += 1) sum = (sum * 31 + text.charCodeAt(i)) | 0;
    }
    return sum;
  };

  // What the page's styles and scripts could answer to: where nothing names a state,
  // nothing differs in it. A sheet that cannot be read may name all of them.
  const roots = () => [document, ...all().map((element) => element.shadowRoot)
    .filter(Boolean)];
  const sheet = (one) => {
    try {
      return [...one.cssRules].map((rule) => (
        rule.styleSheet ? `${rule.cssText} ${sheet(rule.styleSheet)}` : rule.cssText))
        .join(" ") + one.media.mediaText;
    } catch { return "prefers-color-scheme :hover :focus"; }
  };
  const answers = () => {
    const css = roots().flatMap((root) => [...root.styleSheets, ...root.adoptedStyleSheets])
      .map(sheet).join(" ");
    const text = document.documentElement.outerHTML;
    const unread = [...document.scripts].some((script) => script.src);
    return JSON.stringify({
      dark: unread || /color-scheme|light-dark\(/.test(css + text),
      hover: css.includes(":hover"), focus: css.includes(":focus"),
    });
  };

  const DECLARED = `summary, [aria-expanded="false"], [popovertarget], [commandfor],
    [aria-haspopup]:not([aria-haspopup="false"])`;
  const PLAIN = `button:not([type="submit"]):not([type="reset"]), [role="button"],
    [onclick]:not(a[href]):not(input):not(body):not(html)`;
  const openers = () => {
    const usable = (element) => seen(element) && !element.disabled
      && !element.closest("[inert], form [type=submit]");
    const declared = [...document.querySelectorAll(DECLARED)];
    const plain = [...document.querySelectorAll(PLAIN)];
    return [...new Set([...declared, ...plain])].filter(usable);
  };
  // What the browser itself opens and closes keeps nothing that is not in the document.
  const NATIVE = "summary, [popovertarget], [commandfor]";
  const scripted = () => document.scripts.length > 0;
  const listed = (most) => JSON.stringify(openers().slice(0, most).map((element) => ({
    ...said(element), native: !scripted() && element.matches(NATIVE),
    name: (element.getAttribute("aria-label") || element.innerText || "")
      .trim().replace(/\s+/g, " ").slice(0, 40),
  })));

  let opener = null;
  let name = "";
  let before = new Set();
  let fresh = [];
  const prepare = (selector) => {
    opener = document.querySelector(selector);
    if (!opener || !seen(opener)) return false;
    before = new Set(all().filter(seen));
    name = opener.innerText;
    opener.scrollIntoView({ block: "nearest" });
    opener.focus({ preventScroll: true });
    return active() === opener;
  };
  const refocus = (selector) => {
    opener = document.querySelector(selector) || opener;
    opener.focus({ preventScroll: true });
    return active() === opener;
  };
  const into = () => {
    if (inside(box)) return null;
    const first = box.querySelector("button, a[href], input, select, textarea, [tabindex]");
    first?.focus();
    return null;
  };
  const leave = () => {
    if (active() && active() !== document.body) active().blur();
    scrollTo(0, 0);
    return null;
  };
  const click = () => { opener.click(); return null; };
  const rest = async () => {
    await new Promise((done) => requestAnimationFrame(done));
    await new Promise((done) => setTimeout(done, 30));
    for (const animation of document.getAnimations()) {
      try { animation.finish(); } catch { animation.cancel(); }
    }
    return null;
  };

  const clear = (colour) => /^rgba\(.*,\s*0(\.0\d*)?\)$|^transparent$/.test(colour);
  const backdrop = (element) => {
    const shadow = /(\d+)px (\d+)px$/.exec(getComputedStyle(element).boxShadow);
    if (shadow && Number(shadow[2]) > 300) return true;
    if (element.matches(":popover-open, :modal")) {
      if (!clear(getComputedStyle(element, "::backdrop").backgroundColor)) return true;
    }
    return fresh.some((other) => {
      const style = getComputedStyle(other);
      const box = other.getBoundingClientRect();
      return ["fixed", "absolute"].includes(style.position)
        && box.width >= 0.95 * innerWidth && box.height >= 0.95 * innerHeight
        && !(clear(style.backgroundColor) && style.backdropFilter === "none");
    });
  };
  const DIALOG = "dialog, [role~=dialog], [role~=alertdialog], [aria-modal=true]";
  const looksLike = (element) => {
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    const share = (box.width * box.height) / (innerWidth * innerHeight);
    return ["fixed", "absolute"].includes(style.position) && share > 0.02 && share < 0.9
      && element.querySelector("button, a[href], input, select, textarea");
  };
  const inside = (box) => {
    for (let at = active(); at; at = at.parentNode || at.host) if (at === box) return true;
    return false;
  };
  const covered = (box) => {
    // Whether what lies behind is out of reach for those who hear the page, too.
    if (box.matches(":modal") || box.closest("[aria-modal=true]")) return true;
    const others = all().filter((element) => before.has(element) && element !== document.body
      && element !== document.documentElement && !element.contains(box)
      && !box.contains(element) && element.innerText?.trim());
    return others.every((element) => element.closest("[inert], [aria-hidden=true]"));
  };
  let box = null;
  const opened = () => {
    fresh = all().filter((element) => seen(element) && !before.has(element));
    const roots = fresh.filter((element) => !fresh.includes(element.parentElement));
    box = fresh.find((element) => element.matches(DIALOG)) || null;
    if (!box) {
      const like = fresh.filter(looksLike)
        .concat(fresh.filter((element) => element.matches(":popover-open")));
      box = like.find(backdrop) || null;
    }
    const native = box?.localName === "dialog";
    const role = (box?.getAttribute("role") || "").trim().split(/\s+/)[0];
    return JSON.stringify({
      count: fresh.length,
      roots: roots.slice(0, 20).map(path),
      expanded: opener.isConnected ? opener.getAttribute("aria-expanded") : null,
      named: opener.isConnected && opener.innerText !== name,
      dialog: box && {
        ...said(box), role: role || (native ? "dialog" : ""),
        modal: box.matches(":modal") || box.getAttribute("aria-modal") === "true"
          || backdrop(box),
        focus: inside(box), covered: covered(box),
        stops: box.querySelectorAll(
          "a[href], button, input, select, textarea, summary, [tabindex]").length,
      },
    });
  };
  const away = () => {
    // The focus on the page, outside of the dialog; not in the browser's own bars.
    const at = active();
    return at && at !== document.body && at !== document.documentElement && !inside(box)
      ? path(at) : "";
  };
  const closed = () => !seen(box);
  const close = () => {
    const buttons = [...box.querySelectorAll("button, [role=button]")];
    const wanted = buttons.find((button) => /close|cancel|dismiss|ok|no|×|✕/i.test(
      `${button.innerText} ${button.getAttribute("aria-label") || ""}`));
    if (!wanted) return false;
    wanted.focus();
    wanted.click();
    return true;
  };
  const where = () => {
    const at = active();
    if (at === opener) return "opener";
    return !at || at === document.body || at === document.documentElement ? "" : path(at);
  };
  const hidden = () => fresh.every((element) => !seen(element));

  // Collapsed content that is only out of sight: it is still read out.
  const collapsed = () => {
    const found = [];
    for (const control of document.querySelectorAll("[aria-expanded=false]")) {
      if (found.length >= 200 || !control.checkVisibility()) continue;
      const ids = (control.getAttribute("aria-controls") || "").split(/\s+/).filter(Boolean);
      const named = ids.map((id) => document.getElementById(id)).filter(Boolean);
      const content = named[0] || control.nextElementSibling;
      if (!content || !content.textContent.trim() || content.contains(control)) continue;
      const gone = !content.checkVisibility({ visibilityProperty: true })
        || content.closest("[aria-hidden=true], [inert]");
      const clearly = content.checkVisibility({ visibilityProperty: true })
        && !content.checkVisibility({ opacityProperty: true });
      if (!gone && !clearly && !named.length) continue;
      found.push({ ...said(content), gone: Boolean(gone), invisible: clearly,
        control: path(control) });
    }
    return JSON.stringify(found);
  };
  return {
    answers, away, click, close, closed, collapsed, hidden, into, leave, listed, looks,
    opened, prepare, refocus, rest, where,
  };
})();
