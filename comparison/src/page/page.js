// A box beside the bar under the pointer, or beside the one that has the focus. Without this, the titles of the bars say the
// same. Neither ampersands nor less-than signs here: the page is XML too, so that a test can read it strictly.
(() => {
  const card = document.getElementById("card");
  document.querySelector(".hint").hidden = false;
  const pictures = [...document.querySelectorAll("svg.waterfall")].map(prepare);

  function prepare(picture) {
    const bars = [...picture.querySelectorAll(".bar")];
    const texts = bars.map((bar) => {
      const title = bar.querySelector("title");
      title.remove(); // a second box beside ours
      bar.setAttribute("aria-label", title.textContent.replaceAll("\n", ", "));
      bar.setAttribute("role", "img");
      return title.textContent;
    });
    const names = texts.map((text, i) => nameIn(text, bars[i]));
    const here = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const view = picture.viewBox.baseVal;
    const top = Number(picture.dataset.top);
    const row = Number(picture.dataset.row);
    return { picture, bars, texts, names, here, view, top, row, current: 0 };
  }

  // What stands before the outcome, which is the second class of the bar. A name may have a colon too.
  function nameIn(text, bar) {
    const outcome = bar.classList[1].replace("_", " ");
    return text.split("\n", 1)[0].split(": " + outcome, 1)[0];
  }

  function rowAt(of, event) {
    const box = of.picture.getBoundingClientRect();
    const y = ((event.clientY - box.top) * of.view.height) / box.height;
    const i = Math.floor((y - of.top) / of.row);
    return of.bars[i] ? i : -1;
  }

  function show(of, i, x, y) {
    hide();
    of.here.setAttribute("class", "here");
    of.here.setAttribute("x", 21);
    of.here.setAttribute("width", of.view.width - 22);
    of.here.setAttribute("y", of.top + i * of.row - 1);
    of.here.setAttribute("height", of.row + 2);
    of.bars[0].parentNode.before(of.here);
    fill(of.texts[i], of.names[i]);
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
    for (const of of pictures) of.here.remove();
  }

  function focus(of, i) {
    of.bars[of.current].setAttribute("tabindex", "-1");
    of.current = i;
    of.bars[i].setAttribute("tabindex", "0");
    of.bars[i].focus();
  }

  // Up and down from task to task; left and right to the same task in the run before and in the next.
  function target(at, key) {
    const of = pictures[at];
    const last = of.bars.length - 1;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -last, End: last };
    if (key in steps) return [of, Math.max(0, Math.min(last, of.current + steps[key]))];
    const other = pictures[at + ({ ArrowRight: 1, ArrowLeft: -1 }[key] ?? NaN)];
    const i = other ? other.names.indexOf(of.names[of.current]) : -1;
    return i === -1 ? null : [other, i];
  }

  pictures.forEach((of, at) => {
    if (of.bars.length === 0) return;
    of.bars.forEach((bar, i) => {
      bar.setAttribute("tabindex", i === 0 ? "0" : "-1");
      bar.addEventListener("focus", () => {
        of.current = i;
        const box = [...bar.querySelectorAll("path")].at(-1)?.getBoundingClientRect() ?? bar.getBoundingClientRect();
        show(of, i, box.left, box.bottom);
      });
      bar.addEventListener("blur", hide);
    });
    const point = (event) => {
      const i = rowAt(of, event);
      if (i === -1) hide();
      else show(of, i, event.clientX, event.clientY);
    };
    of.picture.addEventListener("pointermove", point);
    of.picture.addEventListener("pointerdown", point);
    of.picture.addEventListener("pointerleave", hide);
    of.picture.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const to = target(at, event.key);
      if (to === null) return;
      event.preventDefault();
      focus(...to);
    });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
})();
