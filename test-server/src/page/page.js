// Keeps the page up to date while it is looked at. All of it is there without this script too: the numbers are those of
// the moment, and the forms lead back here. So what the server answers to a form is a page, and parts of it are taken over.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const SECOND = 1000;
  let timer;
  let plan; // As last heard of, to tell when somebody else has changed it.

  const put = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  const cell = (tag, text, attributes) => {
    const made = document.createElement(tag);
    made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };

  const row = ([fault, times]) => {
    const made = document.createElement("tr");
    made.append(cell("th", fault, { scope: "row" }), cell("td", times, { class: "number" }));
    return made;
  };

  const none = () => {
    const made = document.createElement("tr");
    made.append(cell("td", "none yet", { colspan: "2" }));
    return made;
  };

  const showStats = (stats) => {
    for (const element of document.querySelectorAll("[data-stat]")) {
      put(element, String(stats[element.dataset.stat]));
    }
    const faults = Object.entries(stats.injected);
    const rows = faults.length > 0 ? faults.map(row) : [none()];
    document.querySelector("#injected tbody").replaceChildren(...rows);
  };

  const ask = async (path, options = {}) => {
    const answer = await fetch(path, { signal: AbortSignal.timeout(5 * SECOND), cache: "no-store", ...options });
    return { ok: answer.ok, text: await answer.text() };
  };

  // Its style sheet and script stay out: they have another nonce, and the browser would complain.
  const asPage = (text) => {
    const main = text.slice(text.indexOf("<main>"), text.indexOf("</main>"));
    return new DOMParser().parseFromString(main, "text/html");
  };

  // Takes over what is said of the plan, here and in the field, unless something else has been typed there meanwhile.
  const showState = (page) => {
    const [here, there] = [byId("state"), page.getElementById("state")];
    if (there && here.innerHTML !== there.innerHTML) here.replaceWith(document.importNode(there, true));
    const [field, stands] = [byId("plan"), page.getElementById("plan")];
    if (stands && !stands.hasAttribute("aria-invalid")) {
      const untouched = field.value === field.defaultValue;
      field.defaultValue = stands.defaultValue;
      if (untouched) field.value = stands.defaultValue;
    }
  };

  const load = async () => {
    const page = await ask("/", { headers: { accept: "text/html" } });
    if (page.ok) showState(asPage(page.text));
  };

  const watch = async () => {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      const [stats, now] = await Promise.all([ask("/__stats"), ask("/__plan")]);
      if (!stats.ok || !now.ok) throw new Error(stats.text);
      showStats(JSON.parse(stats.text));
      if (plan !== undefined && plan !== now.text) await load();
      plan = now.text;
      put(byId("live"), "Live, once a second.");
    } catch {
      put(byId("live"), "The server does not answer; these are its last numbers.");
    }
    clearTimeout(timer); // Two may have been at it at once.
    timer = setTimeout(watch, SECOND);
  };

  // Sends a form as the browser would, and gives the page that comes back.
  const send = async (form) => {
    const body = new URLSearchParams(new FormData(form));
    const answer = await ask(form.action, { method: "POST", body, headers: { accept: "text/html" } });
    return { ok: answer.ok, text: answer.text, page: asPage(answer.text) };
  };

  const takeOver = (form, onAnswer, onError) => {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        onAnswer(await send(form));
      } catch {
        onError("The server does not answer.");
      }
      watch();
    });
  };

  const sayOfPlan = (element) => byId("plan-result").replaceChildren(element);
  takeOver(
    byId("plan-form"),
    ({ ok, text, page }) => {
      const field = byId("plan");
      field.toggleAttribute("aria-invalid", false);
      if (ok) {
        field.value = field.defaultValue;
        showState(page);
        sayOfPlan(cell("p", "The plan is changed.", { class: "done" }));
        return;
      }
      field.setAttribute("aria-invalid", "true");
      field.focus();
      const why = page.querySelector("#plan-result .refused");
      sayOfPlan(why ? document.importNode(why, true) : cell("pre", text, { class: "refused", tabindex: "0" }));
    },
    (why) => sayOfPlan(cell("p", why, { class: "refused" })),
  );

  const sayOfReset = (text) => put(byId("reset-result"), text);
  takeOver(
    byId("reset-form"),
    ({ ok, text }) => sayOfReset(ok ? "The counters begin anew." : text),
    sayOfReset,
  );

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    // The plans of the servers beside this one may have changed as well.
    load().catch(() => {});
    watch();
  });
  watch();
})();
