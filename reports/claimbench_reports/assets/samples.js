"use strict";
(() => {
  // The matrix of all samples: index and packs are deflated text in templates; one pack is open at a time.
  const box = document.getElementById("matrix"), held = document.getElementById("samples-index");
  if (!box || !held) return;
  const at = (id) => document.getElementById(id);
  const packs = document.querySelectorAll("template.samples-pack");
  const SHOWN = 15, TOKENS = 400;
  const make = (name, text, attributes = {}) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  const inflate = async (template) => {
    const bytes = Uint8Array.from(atob(template.content.textContent.trim()), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  };
  let index = null, hits = [], page = 0, search = 0, open = { n: -1, samples: null };

  const ID = 0, TASK = 1, SLICES = 2, SCORES = 3, OUTCOMES = 4;
  const right = (s) => s !== null && s >= 1 - 1e-9;
  const wrong = (s) => s !== null && s < 1 - 1e-9;
  const key = (row) => `${index.tasks[row[TASK]]}/${row[ID]}`;
  const patterns = () => {
    const every = (test) => (s) => s.every(test), some = (test) => (s) => s.some(test);
    const one = (i, test) => (s) => test(s[i]) && s.every((x, k) => k === i || (x !== null && !test(x)));
    const found = [["every sample", () => true]];
    if (index.arms.length > 1) found.unshift(["where arms differ", (s) => { const known = s.filter((x) => x !== null); return known.length > 1 && Math.max(...known) - Math.min(...known) > 1e-9; }]);
    found.push(["all wrong", every(wrong)], ["all right", every(right)], ["any wrong", some(wrong)], ["any missing", some((s) => s === null)]);
    if (index.arms.length > 1) index.arms.forEach((arm, i) => found.push([`only ${arm} wrong`, one(i, wrong)], [`only ${arm} right`, one(i, right)]));
    else index.arms.forEach((arm, i) => found.push([`${arm} wrong`, (s) => wrong(s[i])]));
    return found;
  };
  const fill = (select, all, names) => {
    select.replaceChildren(...[all, ...names].filter((x) => x !== null).map((name, i) => make("option", name, { value: String(i) })));
    select.parentElement.hidden = select.options.length < 2;
  };

  let tests = [], slices = [], outcomes = [];
  const set = () => {
    tests = patterns();
    fill(at("m-pattern"), null, tests.map(([name]) => name));
    fill(at("m-task"), "every task", index.tasks.length > 1 ? index.tasks : []);
    const values = new Map(), ends = new Set();
    for (const row of index.rows) {
      row[SLICES].forEach((value, i) => { if (value !== "") values.set(`${index.slices[i]}: ${value}`, [i, value]); });
      for (const outcome of row[OUTCOMES]) ends.add(outcome);
    }
    slices = [...values].sort(([a], [b]) => a.localeCompare(b));
    outcomes = [...ends].sort();
    fill(at("m-slice"), "every slice", slices.map(([name]) => name));
    fill(at("m-outcome"), "every outcome", outcomes.length > 1 ? outcomes : []);
    const head = make("tr");
    head.append(make("th", "Sample", { scope: "col" }), ...index.arms.map((arm) => make("th", arm, { scope: "col" })));
    at("m-table").tHead.replaceChildren(head);
  };

  const fits = (row) => {
    const [pattern, task, slice, outcome] = ["m-pattern", "m-task", "m-slice", "m-outcome"].map((id) => Number(at(id).value));
    if (!tests[pattern][1](row[SCORES])) return false;
    if (task && row[TASK] !== task - 1) return false;
    if (slice) { const [i, value] = slices[slice - 1][1]; if (row[SLICES][i] !== value) return false; }
    return !outcome || row[OUTCOMES].includes(outcomes[outcome - 1]);
  };
  const cell = (score, outcome) => {
    const kind = score === null ? "lost" : right(score) ? "good" : score > 0 ? "part" : "bad";
    const sign = { lost: "–", good: "✓", bad: "✗" }[kind] ?? score.toFixed(2).replace(/0$/, "");
    const word = { lost: "missing", good: "right", bad: "wrong", part: "partly right" }[kind];
    const made = make("td", undefined, { class: `m-${kind}` });
    made.append(make("span", sign, { "aria-hidden": "true" }), ` ${word}`);
    if (outcome !== "answered") made.append(make("span", outcome, { class: "iv-text" }));
    return made;
  };
  const address = (row) => {
    const now = location.hash.slice(1), given = new URLSearchParams(now.includes("=") ? now : "");
    given.set("sample", key(row));
    return `#${given}`;
  };
  const draw = () => {
    const pages = Math.max(1, Math.ceil(hits.length / SHOWN));
    page = Math.min(Math.max(page, 0), pages - 1);
    at("m-table").tBodies[0].replaceChildren(...hits.slice(page * SHOWN, (page + 1) * SHOWN).map((n) => {
      const row = index.rows[n], line = make("tr"), name = make("th", undefined, { scope: "row" });
      const link = make("a", key(row), { href: address(row) });
      link.addEventListener("click", () => { link.href = address(row); }); // the address may have changed since
      name.append(link);
      const where = row[SLICES].filter((x) => x !== "").join(" · ");
      if (where) name.append(make("span", where, { class: "iv-text" }));
      line.append(name, ...row[SCORES].map((score, i) => cell(score, row[OUTCOMES][i])));
      return line;
    }));
    at("m-status").textContent = `${hits.length.toLocaleString("en")} of ${index.rows.length.toLocaleString("en")} samples; page ${page + 1} of ${pages}`;
    at("m-prev").disabled = page === 0;
    at("m-next").disabled = page >= pages - 1;
  };

  // Texts are searched pack by pack, so that a page of any run keeps no more than one of them open.
  const filter = async () => {
    const mine = ++search, wanted = at("m-search").value.trim().toLowerCase();
    const chosen = index.rows.map((_, n) => n).filter((n) => fits(index.rows[n]));
    page = 0;
    if (!wanted) { hits = chosen; draw(); return; }
    const named = (n) => key(index.rows[n]).toLowerCase().includes(wanted) || index.rows[n][SLICES].some((x) => x.toLowerCase().includes(wanted));
    hits = chosen.filter(named);
    draw();
    const found = new Set(hits), queue = new Map();
    for (const n of chosen) { const p = Math.floor(n / index.size); if (!queue.has(p)) queue.set(p, []); queue.get(p).push(n); }
    for (const [p, members] of queue) {
      const samples = await inflate(packs[p]);
      if (mine !== search) return;
      for (const n of members) if (texts(samples[n - p * index.size]).some((x) => x.toLowerCase().includes(wanted))) found.add(n);
    }
    hits = chosen.filter((n) => found.has(n));
    draw();
  };
  const texts = (sample) => [...sample.in.map((x) => x[1]), sample.right[0], ...sample.out.map((x) => x[0])];

  const words = (text) => text.match(/\s+|[^\s]+/g) ?? [];
  const marked = (text, other) => {
    const pre = make("pre", undefined, { class: "text", tabindex: "0", dir: "auto" });
    if (other === null || text === other) { pre.textContent = text; return pre; }
    const a = words(text), b = words(other), keep = new Array(a.length).fill(false);
    let start = 0, tail = 0;
    while (start < a.length && start < b.length && a[start] === b[start]) keep[start++] = true;
    while (tail < a.length - start && tail < b.length - start && a[a.length - 1 - tail] === b[b.length - 1 - tail]) keep[a.length - 1 - tail++] = true;
    const x = a.slice(start, a.length - tail), y = b.slice(start, b.length - tail);
    if (x.length <= TOKENS && y.length <= TOKENS) {
      const best = Array.from({ length: x.length + 1 }, () => new Uint16Array(y.length + 1));
      for (let i = x.length - 1; i >= 0; i--) for (let j = y.length - 1; j >= 0; j--) best[i][j] = x[i] === y[j] ? best[i + 1][j + 1] + 1 : Math.max(best[i + 1][j], best[i][j + 1]);
      for (let i = 0, j = 0; i < x.length && j < y.length;) {
        if (x[i] === y[j]) { keep[start + i] = true; i++; j++; } else if (best[i + 1][j] >= best[i][j + 1]) i++; else j++;
      }
    }
    for (let i = 0; i < a.length;) {
      let to = i;
      while (to < a.length && keep[to] === keep[i]) to++;
      const piece = a.slice(i, to).join("");
      pre.append(keep[i] || piece.trim() === "" ? piece : make("mark", piece));
      i = to;
    }
    return pre;
  };

  const shown = (sample, row, against) => {
    const parts = [];
    for (const [name, text, note] of sample.in) parts.push(make("h3", name, { class: "minor" }), make("pre", text, { class: "text", tabindex: "0", dir: "auto" }), make("p", note, { class: "small" }));
    const base = against === 0 ? null : against === 1 ? sample.right[0] : sample.out[against - 2][0];
    parts.push(make("h3", "right answer", { class: "minor" }), make("pre", sample.right[0] || "(none)", { class: "text", tabindex: "0", dir: "auto" }));
    const grid = make("div", undefined, { class: "answers" });
    sample.out.forEach(([text, note, why, facts], i) => {
      const one = make("div", undefined, { class: "answer" });
      one.append(make("h3", index.arms[i], { class: "minor" }), make("p", facts, { class: "small" }));
      const score = make("table"), body = make("tbody"), line = make("tr");
      line.append(cell(row[SCORES][i], "answered"));
      body.append(line);
      score.append(body);
      one.append(score, text === "" ? make("p", "(empty)", { class: "small" }) : marked(text, against === i + 2 ? null : base));
      if (note) one.append(make("p", note, { class: "small" }));
      if (why) one.append(make("p", why, { class: "small" }));
      grid.append(one);
    });
    parts.push(grid);
    return parts.filter((x) => x.nodeName !== "P" || x.textContent);
  };
  const show = async (n, move) => {
    const p = Math.floor(n / index.size);
    if (open.n !== p) open = { n: p, samples: await inflate(packs[p]) };
    const sample = open.samples[n - p * index.size], row = index.rows[n], one = at("m-one");
    const title = make("h3", key(row)), label = make("label", "Mark what differs from ", { for: "m-against" }), choice = make("select", undefined, { id: "m-against" });
    ["nothing", "the right answer", ...index.arms].forEach((name, i) => choice.append(make("option", name, { value: String(i) })));
    choice.value = sample.right[0] ? "1" : index.arms.length > 1 ? "2" : "0";
    label.append(choice);
    const controls = make("div", undefined, { class: "controls" }), body = make("div");
    const link = make("a", "Link to this sample", { href: address(row) });
    controls.append(label, link);
    const paint = () => body.replaceChildren(...shown(sample, row, Number(choice.value)));
    choice.addEventListener("input", paint);
    paint();
    one.replaceChildren(title, make("p", [...row[SLICES].map((x, i) => (x === "" ? "" : `${index.slices[i]}: ${x}`))].filter(Boolean).join(" · "), { class: "small" }), controls, body);
    if (move) { one.scrollIntoView({ block: "start" }); one.focus({ preventScroll: true }); }
  };
  const follow = () => {
    const wanted = new URLSearchParams(location.hash.slice(1)).get("sample");
    if (!wanted) return;
    const n = index.rows.findIndex((row) => key(row) === wanted);
    if (n >= 0) show(n, true);
    else at("m-one").replaceChildren(make("p", `There is no sample ${wanted} in this run.`));
  };

  const begin = async () => {
    if (typeof DecompressionStream === "undefined") {
      at("m-status").textContent = "This browser is too old to unpack the samples; the exports (JSON Lines, CSV) hold them.";
      return;
    }
    index = await inflate(held);
    set();
    for (const id of ["m-pattern", "m-task", "m-slice", "m-outcome"]) at(id).addEventListener("input", filter);
    let wait = 0;
    at("m-search").addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(filter, 250); });
    at("m-prev").addEventListener("click", () => { page -= 1; draw(); });
    at("m-next").addEventListener("click", () => { page += 1; draw(); });
    addEventListener("hashchange", follow);
    await filter();
    if (!hits.length && at("m-pattern").value === "0") { at("m-pattern").value = "1"; await filter(); }
    box.dataset.ready = "yes";
    follow();
  };
  begin();
})();
