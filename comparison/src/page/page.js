// Shows a box beside the bar that has the pointer or the focus, marks the same task in every picture and chart, and
// gives each run its own time axis. Without the script, the titles of the bars show the same, and all runs share one
// time axis. The page is also XML, so that tests can check it with a strict parser: this script must not contain
// ampersands or less-than signs.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const card = document.getElementById("card");
  for (const hidden of document.querySelectorAll(".hint, .switches")) hidden.hidden = false;
  const waterfalls = [...document.querySelectorAll("svg.waterfall")].map(prepare);
  const lanes = [...document.querySelectorAll("svg.lanes")].map(prepareLanes);
  const charts = [...document.querySelectorAll("svg[data-marks]")];

  function prepare(picture) {
    const bars = [...picture.querySelectorAll(".bar")];
    const texts = bars.map((bar) => {
      const text = takeTitle(bar);
      bar.setAttribute("aria-label", text.replaceAll("\n", ", "));
      bar.setAttribute("role", "img");
      return text;
    });
    const names = texts.map((text, i) => nameIn(text, bars[i]));
    const highlight = document.createElementNS(SVG, "rect");
    highlight.setAttribute("class", "highlight");
    const view = picture.viewBox.baseVal;
    const top = Number(picture.dataset.top);
    const row = Number(picture.dataset.row);
    return { picture, bars, texts, names, highlight, view, top, row, current: 0 };
  }

  function prepareLanes(picture) {
    const byName = new Map();
    const names = new Map();
    for (const bar of picture.querySelectorAll(".task")) {
      const name = takeTitle(bar);
      byName.set(name, bar);
      names.set(bar, name);
    }
    return { picture, byName, names };
  }

  // Otherwise the browser shows the title as a second box.
  function takeTitle(element) {
    const title = element.querySelector("title");
    title.remove();
    return title.textContent;
  }

  // Returns the text before the outcome, which is the second class of the bar. The name itself may contain a colon.
  function nameIn(text, bar) {
    const outcome = bar.classList[1].replace("_", " ");
    return text.split("\n", 1)[0].split(": " + outcome, 1)[0];
  }

  function rowAt(waterfall, event) {
    const box = waterfall.picture.getBoundingClientRect();
    const y = ((event.clientY - box.top) * waterfall.view.height) / box.height;
    const i = Math.floor((y - waterfall.top) / waterfall.row);
    return waterfall.bars[i] ? i : -1;
  }

  function show(waterfall, i, x, y) {
    hide();
    mark(waterfall.names[i]);
    fill(waterfall.texts[i], waterfall.names[i]);
    card.hidden = false;
    const right = innerWidth - card.offsetWidth - 8;
    const below = y + 18 + card.offsetHeight > innerHeight ? y - card.offsetHeight - 12 : y + 18;
    card.style.left = Math.max(8, Math.min(x + 14, right)) + "px";
    card.style.top = Math.max(8, below) + "px";
  }

  // Marks the task in all waterfalls, lanes and charts.
  function mark(name) {
    for (const waterfall of waterfalls) {
      const i = waterfall.names.indexOf(name);
      if (i === -1) continue;
      const { highlight, view, top, row, bars } = waterfall;
      const box = { x: 21, width: view.width - 22, y: top + i * row - 1, height: row + 2 };
      for (const [attribute, value] of Object.entries(box)) highlight.setAttribute(attribute, value);
      bars[0].parentNode.before(highlight);
    }
    for (const { byName } of lanes) byName.get(name)?.classList.add("marked");
    for (const chart of charts) markIn(chart, name);
  }

  // Draws the times of the task in each run as lines across a chart. The attribute has the ends of the time axis, their
  // positions, whether the axis is logarithmic, the edges of the plot, and which times are shown.
  function markIn(chart, name) {
    const [from, to, left, right, logarithmic, top, bottom, shown] = chart.dataset.marks.split(" ");
    const at = (ms) => (logarithmic === "true" ? Math.log(Math.max(ms, 1e-9)) : ms);
    const place = (ms) => (at(ms) - at(Number(from))) / (at(Number(to)) - at(Number(from)));
    waterfalls.forEach((waterfall, run) => {
      const i = waterfall.names.indexOf(name);
      const times = i === -1 ? null : timesOf(waterfall.texts[i]);
      for (const ms of times === null ? [] : times[shown]) {
        const x = Number(left) + place(ms) * (Number(right) - Number(left));
        const line = document.createElementNS(SVG, "path");
        line.setAttribute("class", "moment " + (chart.dataset.lines.split(",")[run] ?? ""));
        line.setAttribute("d", `M${x} ${top}V${bottom}`);
        chart.append(line);
      }
    });
  }

  // Returns the start and the end of a task in its run, and its service time; null if it was not attempted.
  function timesOf(text) {
    const waits = document.querySelector("main").dataset;
    let [start, end, service] = [0, 0, 0];
    const phases = text.split("\n").slice(1);
    if (phases.length === 0) return null;
    for (const phase of phases) {
      const [kind, time] = phase.split(": ");
      const ms = parseFloat(time);
      end += ms;
      if (kind === waits.queue) start += ms;
      else if (kind !== waits.pause) service += ms;
    }
    return { flight: [start, end], service: [service] };
  }

  function fill(text, name) {
    const [first, ...phases] = text.split("\n");
    const head = document.createElement("p");
    head.textContent = first;
    const list = document.createElement("dl");
    for (const phase of phases) {
      const [kind, time] = phase.split(": ");
      list.append(Object.assign(document.createElement("dt"), { textContent: kind }));
      list.append(Object.assign(document.createElement("dd"), { textContent: time }));
    }
    const cell = document.getElementById("task-" + name);
    const about = document.createElement("div");
    for (const shown of cell?.querySelectorAll(".image, span") ?? []) about.append(shown.cloneNode(true));
    card.replaceChildren(head, about, list);
  }

  function hide() {
    card.hidden = true;
    for (const { highlight } of waterfalls) highlight.remove();
    for (const marked of document.querySelectorAll(".marked")) marked.classList.remove("marked");
    for (const moment of document.querySelectorAll(".moment")) moment.remove();
  }

  function focus(waterfall, i) {
    waterfall.bars[waterfall.current].setAttribute("tabindex", "-1");
    waterfall.current = i;
    waterfall.bars[i].setAttribute("tabindex", "0");
    waterfall.bars[i].focus();
  }

  // Returns the bar to which a key moves the focus, or null: up and down change the task, left and right the run.
  function target(index, key) {
    const waterfall = waterfalls[index];
    const last = waterfall.bars.length - 1;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -last, End: last };
    if (key in steps) return [waterfall, Math.max(0, Math.min(last, waterfall.current + steps[key]))];
    const other = waterfalls[index + ({ ArrowRight: 1, ArrowLeft: -1 }[key] ?? NaN)];
    const i = other ? other.names.indexOf(waterfall.names[waterfall.current]) : -1;
    return i === -1 ? null : [other, i];
  }

  function onPointer(picture, point) {
    picture.addEventListener("pointermove", point);
    picture.addEventListener("pointerdown", point);
    picture.addEventListener("pointerleave", hide);
  }

  waterfalls.forEach((waterfall, index) => {
    if (waterfall.bars.length === 0) return;
    waterfall.bars.forEach((bar, i) => {
      bar.setAttribute("tabindex", i === 0 ? "0" : "-1");
      bar.addEventListener("focus", () => {
        waterfall.current = i;
        const box = [...bar.querySelectorAll("path")].at(-1)?.getBoundingClientRect() ?? bar.getBoundingClientRect();
        show(waterfall, i, box.left, box.bottom);
      });
      bar.addEventListener("blur", hide);
    });
    onPointer(waterfall.picture, (event) => {
      const i = rowAt(waterfall, event);
      if (i === -1) hide();
      else show(waterfall, i, event.clientX, event.clientY);
    });
    waterfall.picture.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const destination = target(index, event.key);
      if (destination === null) return;
      event.preventDefault();
      focus(...destination);
    });
  });
  // The lanes of a run have the same place among the lanes as its waterfall among the waterfalls.
  lanes.forEach(({ picture, names }, index) => {
    onPointer(picture, (event) => {
      const name = names.get(event.target);
      if (name === undefined) hide();
      else show(waterfalls[index], waterfalls[index].names.indexOf(name), event.clientX, event.clientY);
    });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });

  // Stretches the horizontal positions of all rows by the zoom of their run, or takes that back.
  function stretch(own) {
    document.querySelector("main").classList.toggle("own-axes", own);
    for (const { picture } of [...waterfalls, ...lanes]) {
      const { left, right, zoom } = picture.dataset;
      for (const path of picture.querySelectorAll(".rows path:not(.mark)")) {
        path.dataset.shared ??= path.getAttribute("d");
        const moved = (x) => Math.min(Number(left) + (x - left) * zoom, right);
        // A bar that would be too narrow to be visible is drawn wider, and has its exact width in an attribute.
        const exact = path.dataset.width;
        const length = (x) => (exact === undefined ? x * zoom : Math.max(exact * zoom, 1));
        const d = path.dataset.shared.replace(/([MHh])([-.\d]+)/g, (_, letter, x) =>
          letter === "h" ? "h" + length(x) : letter + moved(x),
        );
        path.setAttribute("d", own ? d : path.dataset.shared);
      }
    }
  }

  // Browsers restore the state of switches when a page is loaded again.
  const ownAxis = document.getElementById("own-axis");
  for (const axis of document.querySelectorAll("input[name=axis]")) {
    axis.addEventListener("change", () => stretch(ownAxis.checked));
  }
  if (ownAxis?.checked) stretch(true);
  const queue = document.getElementById("show-queue");
  const showQueue = () => document.querySelector("main").classList.toggle("no-queue", !queue.checked);
  queue.addEventListener("change", showQueue);
  showQueue();
})();
