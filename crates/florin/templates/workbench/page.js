"use strict";
(() => {
  const by = (id) => document.getElementById(id);
  const said = by("said");
  const site = document.body.dataset.site;
  let ahead = 0;

  const say = (text) => {
    said.textContent = "";
    requestAnimationFrame(() => { said.textContent = text; });
  };

  const copy = async (text) => {
    if (navigator.clipboard && window.isSecureContext) {
      await navigator.clipboard.writeText(text);
      return;
    }
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "out";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    if (!done) { throw new Error("no clipboard"); }
  };

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      copy(button.dataset.copy).then(
        () => {
          say("Copied.");
          button.textContent = "Copied";
          setTimeout(() => { button.textContent = "Copy"; }, 1500);
        },
        () => say("The browser does not let it be copied."));
    });
  }

  const fill = (id, rows, cells) => {
    const body = by(id).tBodies[0];
    body.replaceChildren(...rows.map((row) => {
      const line = document.createElement("tr");
      cells(row).forEach(([text, kind, name], at) => {
        const cell = document.createElement(at === 0 ? "th" : "td");
        if (at === 0) { cell.scope = "row"; }
        if (name) { cell.className = name; }
        if (kind) {
          const mark = document.createElement(kind === "time" ? "time" : "span");
          if (kind !== "time") { mark.className = kind; }
          mark.textContent = text;
          cell.append(mark);
        } else {
          cell.textContent = text;
        }
        line.append(cell);
      });
      return line;
    }));
  };

  const words = (ms) => {
    const minutes = Math.floor(ms / 60000);
    const parts = [[Math.floor(minutes / 1440), "d"], [Math.floor(minutes / 60) % 24, "h"], [minutes % 60, "min"]];
    const some = parts.filter(([n]) => n > 0).map(([n, unit]) => `${n} ${unit}`);
    return some.length ? `${some.join(" ")} ahead` : "not moved";
  };

  const show = (seen) => {
    ahead = seen.ahead_ms;
    by("ahead").textContent = words(ahead);
    by("link").textContent = seen.link ? "signed on" : "down";
    by("faults").textContent = seen.faults.length ? seen.faults.join(", ") : "nothing";
    fill("orders", seen.orders, (it) => [
      [it.id], [it.amount, "", "number"], [it.card], [it.status, it.kind], [it.at, "time"]]);
    fill("told", seen.told, (it) => [
      [it.order_id], [it.event], [it.outcome, it.kind], [it.url, "", "url"], [it.at, "time"]]);
    tick();
  };

  const tick = () => {
    by("now").textContent = new Date(Date.now() + ahead).toISOString().slice(0, 19);
  };

  let stream;
  const follow = () => {
    stream = new EventSource(`/workbench/events?site=${encodeURIComponent(site)}`);
    stream.addEventListener("site", (event) => {
      show(JSON.parse(event.data));
      by("live").hidden = false;
      if (!timer) { timer = setInterval(tick, 1000); }
    });
    stream.addEventListener("error", () => {
      by("live").hidden = true;
      // Refused, which a browser does not try again by itself.
      if (stream.readyState === EventSource.CLOSED) { setTimeout(follow, 5000); }
    });
  };
  let timer = 0;
  follow();
  addEventListener("pagehide", () => stream.close());
  addEventListener("pageshow", (event) => { if (event.persisted) { follow(); } });

  for (const form of document.querySelectorAll("form")) {
    form.addEventListener("submit", async (event) => {
      const button = event.submitter;
      if (!button) { return; }
      event.preventDefault();
      const body = new URLSearchParams(new FormData(form));
      body.set(button.name, button.value);
      button.setAttribute("aria-busy", "true");
      try {
        const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" });
        const good = answer.type === "opaqueredirect" || answer.ok;
        say(good ? `Done: ${button.textContent.trim()}.` : `Refused: ${button.textContent.trim()}.`);
      } catch {
        say("The gateway does not answer.");
      }
      button.removeAttribute("aria-busy");
    });
  }
})();
