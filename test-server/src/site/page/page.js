// Keeps the page up to date while it is visible. The page also works without this script: it contains the current
// numbers, and its forms redirect back to it. So the server answers a form with a page, and the script copies parts of
// that page.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const SECOND = 1000;
  let timer;
  let plan; // The last known plan, to notice when another client changes it.

  const setText = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  const cell = (tag, text, attributes) => {
    const node = document.createElement(tag);
    node.textContent = text;
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };

  const row = ([fault, times]) => {
    const node = document.createElement("tr");
    node.append(cell("th", fault, { scope: "row" }), cell("td", times, { class: "number" }));
    return node;
  };

  const emptyRow = () => {
    const node = document.createElement("tr");
    node.append(cell("td", "none yet", { colspan: "2" }));
    return node;
  };

  const showStats = (stats) => {
    for (const element of document.querySelectorAll("[data-stat]")) {
      setText(element, String(stats[element.dataset.stat]));
    }
    const faults = Object.entries(stats.injected);
    const rows = faults.length > 0 ? faults.map(row) : [emptyRow()];
    document.querySelector("#injected tbody").replaceChildren(...rows);
  };

  const request = async (path, options = {}) => {
    const response = await fetch(path, { signal: AbortSignal.timeout(5 * SECOND), cache: "no-store", ...options });
    return { ok: response.ok, text: await response.text() };
  };

  // Parses only <main>: the style sheet and the script have another nonce, which the browser would report as an error.
  const parsePage = (text) => {
    const main = text.slice(text.indexOf("<main>"), text.indexOf("</main>"));
    return new DOMParser().parseFromString(main, "text/html");
  };

  // Copies the parts that depend on the plan. The input keeps its text if the user has typed something else meanwhile.
  const showState = (page) => {
    const [current, updated] = [byId("state"), page.getElementById("state")];
    if (updated && current.innerHTML !== updated.innerHTML) current.replaceWith(document.importNode(updated, true));
    const [field, newField] = [byId("plan"), page.getElementById("plan")];
    if (newField && !newField.hasAttribute("aria-invalid")) {
      const untouched = field.value === field.defaultValue;
      field.defaultValue = newField.defaultValue;
      if (untouched) field.value = newField.defaultValue;
    }
  };

  const updateState = async () => {
    const page = await request("/", { headers: { accept: "text/html" } });
    if (page.ok) showState(parsePage(page.text));
  };

  const watch = async () => {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      const [stats, now] = await Promise.all([request("/__stats"), request("/__plan")]);
      if (!stats.ok || !now.ok) throw new Error(stats.text);
      showStats(JSON.parse(stats.text));
      if (plan !== undefined && plan !== now.text) await updateState();
      plan = now.text;
      setText(byId("live"), "Updated every second.");
    } catch {
      setText(byId("live"), "The server does not answer. These are the last known numbers.");
    }
    clearTimeout(timer); // Two calls may have run at the same time.
    timer = setTimeout(watch, SECOND);
  };

  // Sends a form as the browser would and returns the page in the response.
  const send = async (form) => {
    const body = new URLSearchParams(new FormData(form));
    const response = await request(form.action, { method: "POST", body, headers: { accept: "text/html" } });
    return { ok: response.ok, text: response.text, page: parsePage(response.text) };
  };

  const handleForm = (form, onResponse, onError) => {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        onResponse(await send(form));
      } catch {
        onError("The server does not answer.");
      }
      watch();
    });
  };

  const showPlanResult = (element) => byId("plan-result").replaceChildren(element);
  handleForm(
    byId("plan-form"),
    ({ ok, text, page }) => {
      const field = byId("plan");
      field.toggleAttribute("aria-invalid", false);
      if (ok) {
        field.value = field.defaultValue;
        showState(page);
        showPlanResult(cell("p", "Plan changed.", { class: "done" }));
        return;
      }
      field.setAttribute("aria-invalid", "true");
      field.focus();
      const message = page.querySelector("#plan-result .refused");
      showPlanResult(message ? document.importNode(message, true) : cell("pre", text, { class: "refused", tabindex: "0" }));
    },
    (message) => showPlanResult(cell("p", message, { class: "refused" })),
  );

  const showResetResult = (text) => setText(byId("reset-result"), text);
  handleForm(
    byId("reset-form"),
    ({ ok, text }) => showResetResult(ok ? "Counters reset." : text),
    showResetResult,
  );

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    // The plans of the other servers in the group may have changed as well.
    updateState().catch(() => {});
    watch();
  });
  watch();
})();
