"use strict";
(() => {
  const say = (id, text) => { const at = document.getElementById(id); if (at) at.textContent = text; };

  // A run that goes on, or is being judged: asked every two seconds, shown as text alone.
  const live = document.getElementById("live");
  const cells = (row, texts) => {
    texts.forEach((text, i) => {
      const cell = document.createElement(i ? "td" : "th");
      if (!i) cell.scope = "row";
      if (i === 1) cell.className = "num";
      cell.textContent = text;
      row.append(cell);
    });
    return row;
  };
  const ask = async () => {
    let found;
    try {
      const reply = await fetch(live.dataset.url, { credentials: "same-origin", cache: "no-store" });
      if (!reply.ok) throw new Error(String(reply.status));
      found = await reply.json();
    } catch {
      say("live-words", "The server has not answered; asked again in a moment.");
      setTimeout(ask, 5000);
      return;
    }
    if (found.state !== live.dataset.state) { location.reload(); return; }
    say("live-words", found.words);
    say("live-calls", found.calls);
    say("live-pace", found.pace);
    const bar = document.getElementById("live-bar");
    if (bar) { bar.max = found.planned; bar.value = found.finished; }
    const body = document.getElementById("live-arms");
    if (body && found.arms.length) {
      body.replaceChildren(...found.arms.map((arm) => cells(document.createElement("tr"), arm)));
    }
    setTimeout(ask, 2000);
  };
  if (live && live.dataset.url) setTimeout(ask, 500);

  // A published matrix: filtered here, for there is no server.
  const chosen = ["s-show", "s-task", "s-outcome", "s-q"].map((id) => document.getElementById(id));
  if (document.getElementById("site-controls")) {
    const rows = Array.from(document.querySelectorAll("#m-table tbody tr"));
    const filter = () => {
      const [show, task, outcome, text] = chosen.map((c) => c.value);
      let shown = 0;
      for (const row of rows) {
        const fits = (!show || row.dataset.show.split(" ").includes(show)) && (!task || row.dataset.task === task)
          && (!outcome || Array.from(row.cells).some((c) => (c.querySelector(".outcome") || { textContent: "answered" }).textContent === outcome && c.tagName === "TD"))
          && row.cells[0].textContent.toLowerCase().includes(text.toLowerCase());
        row.hidden = !fits;
        shown += fits ? 1 : 0;
      }
      say("site-status", `${shown} of ${rows.length} samples shown`);
    };
    for (const c of chosen) c.addEventListener("input", filter);
    filter();
  }
})();
