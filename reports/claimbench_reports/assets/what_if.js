(() => {
  const box = document.getElementById("what-if");
  if (!box) return;
  const given = JSON.parse(document.getElementById("w-data").content.textContent);
  const inputs = Array.from(box.querySelectorAll("input[data-key]"));
  const rows = Array.from(document.getElementById("w-table").tBodies[0].rows);
  const said = document.getElementById("w-said");
  const declared = rows.map((row) => Array.from(row.cells, (cell) => cell.cloneNode(true)));
  const PREFIX = "w.", SHARES = new Set(["discount", "cached", "price"]);
  const LIMITS = {
    requests: [1, 1e13], peak_factor: [1, 1000], hours: [1e-6, 744], machines: [1, 1e6],
    input: [0, 1e9], output: [0, 1e9], hourly: [0, 1e9], purchase: [0, 1e12],
    discount: [0, 99.999999], cached: [0, 100], price: [0, 1e6],
  };

  // "2,000,000", "2'000'000", "2M", "0.25" and "1e6", as --volume takes them; a comma or apostrophe
  // that parts no thousands is no number here.
  const TIMES = { k: 1e3, thousand: 1e3, m: 1e6, mio: 1e6, mn: 1e6, million: 1e6, b: 1e9, bn: 1e9, billion: 1e9 };
  const read = (text) => {
    const bare = text.replace(/[\s\u00a0\u202f$%]/g, "").replace(/[\u2019\u02bc]/g, "'");
    const [, digits, unit] = /^(.*?\d\.?)([a-z]*)$/i.exec(bare) ?? [null, bare, ""];
    const times = unit === "" ? 1 : TIMES[unit.toLowerCase()];
    if (times === undefined) return null;
    const plain = /^\d{1,3}(,\d{3})+(\.\d*)?$|^\d{1,3}('\d{3})+(\.\d*)?$|^\d{1,3}(_\d{3})+(\.\d*)?$/.test(digits) ? digits.replace(/[,'_]/g, "") : digits;
    if (!/^(\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?$/i.test(plain)) return null;
    return Number(times === 1 ? plain : (Number(plain) * times).toPrecision(15));
  };
  const words = (x) => x.toLocaleString("en-US", { maximumFractionDigits: 12 });
  const optional = (input) => input.dataset.key === "machines";
  const key = (input) => input.dataset.arm === undefined ? PREFIX + input.dataset.key : `${PREFIX}${input.dataset.key}.${given.arms[input.dataset.arm].arm}`;
  const fault = (input, value) => {
    if (value === null) return "write a number such as 2000000 or 0.25";
    const [low, high] = LIMITS[input.dataset.key];
    if (!(value >= low && value <= high)) return `write a number from ${words(low)} to ${words(high)}`;
    return optional(input) && !Number.isInteger(value) ? "write a whole number" : "";
  };

  // Dollars as the rest of the page rounds them: view/format.py, usd and amount.
  const sig = (v, digits) => {
    const at = (x) => digits - 1 - Math.floor(Math.log10(x));
    const rounded = Number(v.toPrecision(digits));
    return rounded.toFixed(Math.max(at(rounded), 0));
  };
  const unit = given.volume.currency === "USD" ? "" : ` ${given.volume.currency}`;
  const grouped = (v, places) => v.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
  const body = (v) => {
    if (v >= 1000) return grouped(v, 0);
    if (v >= 0.995 || v === 0) return grouped(v, 2);
    if (v < 1e-12) return "0.00";
    const [whole, rest = ""] = sig(v, 3).split(".");
    return `${whole}.${rest.replace(/0+$/, "").padEnd(2, "0")}`;
  };
  const money = (dollars) => {
    const v = dollars / given.volume.usd_per_unit;
    return `${v < 0 ? "\u2212" : ""}${unit ? "" : "$"}${body(Math.abs(v))}${unit}`;
  };
  const spanned = (span) => {
    if (span === null) return "";
    const ends = [...span].sort((a, b) => a - b).map(money);
    return ends[0] === ends[1] ? "" : `${ends[0]} to ${ends[1]}`;
  };

  const put = (cell, text, value, under = "", level = "") => {
    cell.replaceChildren(text);
    cell.dataset.v = value === null ? "" : String(value);
    if (!under) return;
    const more = document.createElement("span");
    more.className = "iv-text";
    more.textContent = under;
    cell.append(more);
    if (!level) return;
    const note = document.createElement("span");
    note.className = "note";
    note.textContent = level;
    cell.append(note);
  };
  const against = (month, rival, own) => {
    if (own || month === null || rival === null) return own ? "in use today" : "unknown";
    const gap = month - rival, share = rival > 0 ? ` (${gap < 0 ? "\u2212" : "+"}${(100 * Math.abs(gap) / rival).toFixed(1)}%)` : "";
    return Math.abs(gap) < 0.005 ? "the same" : `${money(Math.abs(gap))} ${gap < 0 ? "less" : "more"}${share}`;
  };

  // What the inputs say: the volume, the changes of each arm, and what is wrong.
  const state = () => {
    const volume = { ...given.volume }, changes = given.arms.map(() => ({})), changed = [], faults = [];
    for (const input of inputs) {
      const { key: name, arm } = input.dataset, text = input.value.trim();
      const value = optional(input) && text === "" ? undefined : read(text);
      const same = text === input.defaultValue || (value !== null && value === read(input.defaultValue));
      const wrong = value === undefined || same ? "" : fault(input, value);
      input.removeAttribute("aria-invalid");
      if (wrong) input.setAttribute("aria-invalid", "true");
      const label = input.dataset.label, mark = input.dataset.unit;
      const who = arm === undefined ? label : `${given.arms[arm].arm}, ${label.charAt(0).toLowerCase()}${label.slice(1)}`;
      const shown = (x) => mark === "$" ? `$${words(x)}` : words(x) + mark;
      if (wrong) faults.push(`${who}: ${wrong}`);
      if (same || wrong || value === undefined) continue;
      changed.push(`${who}: ${shown(value)}${input.defaultValue === "" ? "" : ` instead of ${shown(read(input.defaultValue))}`}`);
      const number = SHARES.has(name) ? value / 100 : value;
      if (arm === undefined) volume[name] = number;
      else changes[arm][name] = number;
    }
    return { volume, changes, changed, faults };
  };

  // What the address sets and this report has not.
  let strange = [];
  const unknown = (name) => {
    const [what, ...rest] = name.slice(PREFIX.length).split("."), arm = rest.join(".");
    if (!Object.hasOwn(LIMITS, what)) return `the link sets ${what || "nothing"}, which this page has not`;
    if (arm && !given.arms.some((one) => one.arm === arm)) return `the link names arm ${arm}, which this report lacks`;
    return arm ? `the link sets ${what} of arm ${arm}, which has no such setting here` : `the link sets ${what}, which needs an arm or has no part in this report`;
  };
  const say = (text) => { said.textContent = [text, strange.length ? `Not followed: ${strange.join("; ")}.` : ""].filter(Boolean).join(" "); };

  const restore = () => {
    rows.forEach((row, i) => row.replaceChildren(...declared[i].map((cell) => cell.cloneNode(true))));
    box.classList.remove("changed");
    say("As declared.");
  };
  const draw = () => {
    const { volume, changes, changed, faults } = state();
    if (!changed.length && !faults.length) { restore(); return; }
    box.classList.add("changed");
    const found = given.arms.map((arm, i) => faults.length ? { why: "fault" } : claimbenchBill.figures(arm, volume, changes[i], given.horizons));
    const rival = given.arms.findIndex((arm) => arm.arm === given.incumbent);
    const was = rival < 0 || found[rival].why ? null : found[rival].month;
    rows.forEach((row, i) => {
      const one = found[i], cells = Array.from(row.cells).slice(1);
      const last = cells.length - 1, at = given.horizons.length + 1;
      if (one.why) {
        const why = { few: `too few: the busiest hour needs ${one.least}`, many: "more machines than anybody has", fault: "\u2014" }[one.why];
        cells.forEach((cell, k) => put(cell, k === 0 ? why : "\u2014", null));
        return;
      }
      put(cells[0], money(one.month), one.month, spanned(one.month_span), given.arms[i].level);
      one.totals.forEach((usd, k) => put(cells[k + 1], money(usd), usd, spanned(one.total_spans[k]), given.arms[i].level));
      put(cells[at], one.machines ? words(one.machines) : "none", one.machines || null);
      if (last > at) put(cells[last], against(one.month, was, i === rival), was === null ? null : one.month - was);
    });
    const head = changed.length ? `What-if, not the declared case. ${changed.join("; ")}.` : "What-if.";
    say(faults.length ? `Not a number that can be reckoned with. ${faults.join("; ")}.` : head);
  };

  // The state in the address, beside what else stands there.
  const parameters = () => { const now = location.hash.slice(1); return new URLSearchParams(now.includes("=") ? now : ""); };
  const remember = () => {
    const now = parameters();
    for (const name of [...now.keys()]) if (name.startsWith(PREFIX)) now.delete(name);
    for (const input of inputs) if (input.value.trim() !== input.defaultValue) now.set(key(input), input.value.trim());
    const hash = String(now), anchor = location.hash.includes("=") ? "" : location.hash;
    try { history.replaceState(history.state, "", hash ? `#${hash}` : anchor || location.pathname + location.search); } catch { /* a file that may not */ }
  };
  const follow = () => {
    const now = parameters(), mine = [...now.keys()].some((name) => name.startsWith(PREFIX));
    const known = new Set(inputs.map(key));
    strange = [...new Set(now.keys())].filter((name) => name.startsWith(PREFIX) && !known.has(name)).map(unknown);
    if (mine) for (const input of inputs) input.value = now.get(key(input)) ?? input.defaultValue;
    if (inputs.some((input) => input.dataset.arm !== undefined && input.value !== input.defaultValue)) document.getElementById("w-arms").open = true;
    draw();
    if (!mine && box.classList.contains("changed")) remember();
  };

  for (const input of inputs) input.addEventListener("input", () => { strange = []; draw(); remember(); });
  document.getElementById("w-reset").addEventListener("click", () => {
    for (const input of inputs) input.value = input.defaultValue;
    strange = [];
    draw();
    remember();
  });
  addEventListener("hashchange", follow);
  // A browser may bring back what was typed before a reload: the address says what holds.
  for (const input of inputs) input.value = input.defaultValue;
  follow();
})();
