(() => {
  "use strict";
  const form = document.getElementById("filter");
  const words = document.getElementById("words");
  const matches = document.getElementById("matches");
  const parts = [...document.querySelectorAll("[data-find]")];
  const texts = new Map(parts.map((part) => [part, part.textContent.toLowerCase()]));
  const runs = parts.filter((part) => part.classList.contains("run"));
  const wasOpen = new Map(runs.map((run) => [run, run.open]));

  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const has = (part) => wanted.every((word) => texts.get(part).includes(word));
    // A finding also stays where the words name its run, and a run where they name a finding.
    const named = (part) => runs.some((run) => run !== part && run.contains(part)
      && wanted.every((word) => run.id.toLowerCase().includes(word)));
    parts.forEach((part) => { part.hidden = !(has(part) || named(part)); });
    runs.forEach((run) => { run.open = wanted.length ? !run.hidden : wasOpen.get(run); });
    const left = runs.filter((run) => !run.hidden).length;
    matches.textContent = wanted.length ? `${left} of ${runs.length} match` : "";
  };

  if (form) {
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
    words.addEventListener("input", filter);
  }
  addEventListener("beforeprint", () => {
    // On paper nothing unfolds; what passed may stay folded.
    const needed = "details.run.failed, details.run.error, .group > details, .shot";
    document.querySelectorAll(needed).forEach((item) => { item.open = true; });
  });
})();
