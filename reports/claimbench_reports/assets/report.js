"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const $ = (selector, at = document) => Array.from(at.querySelectorAll(selector));
  const say = (id, text) => { const at = document.getElementById(id); if (at) at.textContent = text; };

  // Theme: the reader's choice, kept where the browser lets a file keep it.
  const button = document.getElementById("theme");
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const label = () => { button.textContent = dark() ? "Light theme" : "Dark theme"; };
  try { const kept = localStorage.getItem("claimbench-theme"); if (kept) root.dataset.theme = kept; } catch { /* private */ }
  label();
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    try { localStorage.setItem("claimbench-theme", root.dataset.theme); } catch { /* private */ }
    label();
  });

  // Sorting: unknown values stay last in both directions.
  for (const table of $("table.sortable")) {
    for (const head of $("thead th", table)) {
      const press = head.querySelector("button");
      if (!press) continue;
      press.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        for (const other of $("thead th", table)) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const at = head.cellIndex, body = table.tBodies[0];
        const key = (row) => row.cells[at] ? row.cells[at].dataset.v ?? row.cells[at].textContent.trim().toLowerCase() : "";
        const numeric = head.classList.contains("num");
        const rows = $("tr", body);
        rows.sort((a, b) => {
          const x = key(a), y = key(b);
          if (numeric) {
            const p = x === "" ? NaN : Number(x), q = y === "" ? NaN : Number(y);
            if (Number.isNaN(p) || Number.isNaN(q)) return Number.isNaN(p) - Number.isNaN(q);
            return up ? p - q : q - p;
          }
          return up ? x.localeCompare(y) : y.localeCompare(x);
        });
        body.append(...rows);
      });
    }
  }

  // Compare table: filter by text, scope and weights.
  const rows = $("#compare-table tbody tr");
  const controls = ["compare-filter", "compare-scope", "compare-weights"].map((id) => document.getElementById(id));
  const filter = () => {
    const [text, scope, weights] = controls.map((c) => c ? c.value.toLowerCase() : "");
    let shown = 0;
    for (const row of rows) {
      const fits = row.textContent.toLowerCase().includes(text)
        && (!scope || row.dataset.scope.toLowerCase() === scope || (row.dataset.measured === "no"))
        && (!weights || row.dataset.weights === weights);
      row.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    say("compare-status", `${shown} of ${rows.length} rows shown`);
  };
  for (const c of controls) if (c) c.addEventListener("input", filter);
  if (rows.length) filter();

  // Differences: one baseline at a time.
  const base = document.getElementById("baseline");
  const choose = () => { for (const t of $("[data-baseline]")) t.hidden = t.dataset.baseline !== base.value; };
  if (base) { base.addEventListener("input", choose); choose(); }

  // Samples: search and pages of ten.
  const size = 10, samples = $("#samples > details");
  const search = document.getElementById("sample-search");
  let page = 0, hits = samples;
  const show = () => {
    const pages = Math.max(1, Math.ceil(hits.length / size));
    page = Math.min(Math.max(page, 0), pages - 1);
    for (const s of samples) s.hidden = true;
    for (const s of hits.slice(page * size, (page + 1) * size)) s.hidden = false;
    say("sample-status", `${hits.length} of ${samples.length} listed samples match; page ${page + 1} of ${pages}`);
    document.getElementById("sample-prev").disabled = page === 0;
    document.getElementById("sample-next").disabled = page >= pages - 1;
  };
  if (search && samples.length) {
    const texts = samples.map((s) => s.textContent.toLowerCase());
    search.addEventListener("input", () => {
      const wanted = search.value.toLowerCase();
      hits = samples.filter((_, i) => texts[i].includes(wanted));
      page = 0;
      show();
    });
    document.getElementById("sample-prev").addEventListener("click", () => { page -= 1; show(); });
    document.getElementById("sample-next").addEventListener("click", () => { page += 1; show(); });
    show();
  }

  // Remedies: copied where the browser lets a file do it, else selected.
  for (const press of $("button.copy")) {
    press.addEventListener("click", async () => {
      const code = press.parentElement.querySelector("code");
      try { await navigator.clipboard.writeText(code.textContent); press.textContent = "Copied"; } catch { getSelection().selectAllChildren(code); }
    });
  }

  // Print: what is folded away but short enough to sign is unfolded.
  addEventListener("beforeprint", () => { for (const d of $("details.print")) { d.dataset.was = d.open ? "1" : ""; d.open = true; } });
  addEventListener("afterprint", () => { for (const d of $("details.print")) d.open = d.dataset.was === "1"; });
})();
