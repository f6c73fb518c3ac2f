// Shows a box beside the bar that has the pointer or the focus. Without the script, the titles of the bars show the
// same. The page is also XML, so that tests can check it with a strict parser: this script must not contain
// ampersands or less-than signs.
(() => {
  const card = document.getElementById("card");
  document.querySelector(".hint").hidden = false;
  const waterfalls = [...document.querySelectorAll("svg.waterfall")].map(prepare);

  function prepare(picture) {
    const bars = [...picture.querySelectorAll(".bar")];
    const texts = bars.map((bar) => {
      const title = bar.querySelector("title");
      title.remove(); // otherwise the browser shows it as a second box
      bar.setAttribute("aria-label", title.textContent.replaceAll("\n", ", "));
      bar.setAttribute("role", "img");
      return title.textContent;
    });
    const names = texts.map((text, i) => nameIn(text, bars[i]));
    const highlight = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const view = picture.viewBox.baseVal;
    const top = Number(picture.dataset.top);
    const row = Number(picture.dataset.row);
    return { picture, bars, texts, names, highlight, view, top, row, current: 0 };
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
    waterfall.highlight.setAttribute("class", "highlight");
    waterfall.highlight.setAttribute("x", 21);
    waterfall.highlight.setAttribute("width", waterfall.view.width - 22);
    waterfall.highlight.setAttribute("y", waterfall.top + i * waterfall.row - 1);
    waterfall.highlight.setAttribute("height", waterfall.row + 2);
    waterfall.bars[0].parentNode.before(waterfall.highlight);
    fill(waterfall.texts[i], waterfall.names[i]);
    card.hidden = false;
    const right = innerWidth - card.offsetWidth - 8;
    const below = y + 18 + card.offsetHeight > innerHeight ? y - card.offsetHeight - 12 : y + 18;
    card.style.left = Math.max(8, Math.min(x + 14, right)) + "px";
    card.style.top = Math.max(8, below) + "px";
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
    const embedded = document.getElementById("image-" + name);
    const image = document.createElement("div");
    image.className = embedded ? embedded.className : "";
    card.replaceChildren(head, image, list);
  }

  function hide() {
    card.hidden = true;
    for (const { highlight } of waterfalls) highlight.remove();
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
    const point = (event) => {
      const i = rowAt(waterfall, event);
      if (i === -1) hide();
      else show(waterfall, i, event.clientX, event.clientY);
    };
    waterfall.picture.addEventListener("pointermove", point);
    waterfall.picture.addEventListener("pointerdown", point);
    waterfall.picture.addEventListener("pointerleave", hide);
    waterfall.picture.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const destination = target(index, event.key);
      if (destination === null) return;
      event.preventDefault();
      focus(...destination);
    });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
})();
