"""Checks the pages in Chromium."""

import json
import pathlib
import subprocess
import sys

from webdriver import Browser, wait_until

WORK, BIN = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
ESCAPE = "\ue00c"
OVERFLOW = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"


def check_equal(what, found, expected):
    assert found == expected, f"{what}: {found!r} instead of {expected!r}"
    print(f"  {what}: {found}")


def check_appearance(browser):
    """Checks that the page fits the widths of a phone and a screen, follows the colour scheme, and logs no errors."""
    for width in (360, 400, 1280):
        browser.set_width(width)
        check_equal(f"horizontal overflow at {width} px", browser.run(OVERFLOW), 0)
    browser.set_color_scheme("light")
    light = browser.background_color()
    browser.set_color_scheme("dark")
    dark = browser.background_color()
    assert light != dark, f"the background is the same in both colour schemes: {light}"
    browser.set_color_scheme("light")
    check_equal("console errors", browser.console_errors(), [])


# Returns the contrast of each selector's first element with the ground: the best of its fill, its outline and its
# background, each mixed with the ground according to its opacity.
CONTRAST = """
const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
const luminance = (colour) => {
  const [r, g, b] = colour.map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = rgb(getComputedStyle(document.body).backgroundColor).slice(0, 3);
const contrast = (text, opacity) => {
  if (!text.startsWith("rgb")) return 1;
  const [r, g, b, alpha = 1] = rgb(text);
  const mixed = [r, g, b].map((c, i) => ground[i] + (c - ground[i]) * alpha * opacity);
  const [low, high] = [luminance(mixed), luminance(ground)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
};
return arguments[0].map((selector) => {
  const element = document.querySelector(selector);
  if (element === null) return 0;
  const style = getComputedStyle(element);
  const found = [
    contrast(style.fill, style.fillOpacity * style.opacity),
    contrast(style.stroke, style.strokeOpacity * style.opacity),
    contrast(style.backgroundColor, style.opacity),
  ];
  return Math.max(...(element instanceof SVGElement ? found.slice(0, 2) : found.slice(2)));
});
"""

# What must be seen on every report.
SEEN = [".ok .waiting", "path.queue", ".task.ok", "path.axis", ".line.c0", ".highlight", ".marked", ".moment"]


def check_contrast(browser, selectors):
    """Checks that graphics have a contrast of at least 3:1 in both colour schemes."""
    for scheme in ("light", "dark"):
        browser.set_color_scheme(scheme)
        found = dict(zip(selectors, browser.run(CONTRAST, selectors)))
        low = {selector: ratio for selector, ratio in found.items() if ratio < 3}
        assert not low, f"contrasts below 3:1 in {scheme} mode: {low}"
        print(f"  lowest contrast in {scheme} mode: {min(found.values()):.1f}")
    browser.set_color_scheme("light")


# Returns the cells whose text is cut, the tables outside of boxes that scroll, the tables of series that must be
# scrolled, and the pictures that neither fit nor say that they can be scrolled.
CLIPPED = """
const shown = (e) => e.getClientRects().length > 0;
const cells = [...document.querySelectorAll("td, th")].filter(shown);
const scrolls = (box) => box !== null ? box.scrollWidth > box.clientWidth : false;
const outside = (e) => {
  const box = e.closest(".scroll");
  return box === null || !["auto", "scroll"].includes(getComputedStyle(box).overflowX);
};
const pictures = [...document.querySelectorAll("main svg:not(.hidden)")].filter(shown);
const silent = (e) => scrolls(e.closest(".scroll")) ? getComputedStyle(e.closest(".scroll"), "::before").content === "none" : false;
return [
  cells.filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => "cut: " + e.innerText),
  [...document.querySelectorAll("table, main svg:not(.hidden)")].filter(outside).map((e) => "no box: " + e.outerHTML.slice(0, 80)),
  [...document.querySelectorAll(".series-table")].filter((e) => scrolls(e.closest(".scroll"))).map((e) => "scrolls: " + e.className),
  pictures.filter(silent).map((e) => "silent: " + e.outerHTML.slice(0, 80)),
].flat();
"""


def check_widths(browser):
    """Checks that no table clips its cells, and that wide pictures say that they can be scrolled."""
    browser.run("for (const e of document.querySelectorAll('details')) e.open = true")
    for width in (400, 1280):
        browser.set_width(width)
        check_equal(f"clipped at {width} px", browser.run(CLIPPED), [])


def check_marks(browser, runs):
    """Points at the bar of a code with a flag, and checks the box and the marks in all pictures and charts."""
    first = "const cell = document.querySelector('td .image').parentNode; return [cell.id.slice(5), cell.lastChild.innerText]"
    code, country = browser.run(first)
    bar = "return [...document.querySelectorAll('.bar')].find((e) => e.ariaLabel.startsWith(arguments[0] + ':'))"
    element = browser.run(bar, code)
    browser.hover(element)
    hidden = "return document.querySelector('#card').hidden"
    wait_until("the card of the bar is shown", lambda: not browser.run(hidden))
    # Of rows that are hardly higher than a pixel, the pointer may meet the next one.
    browser.run("arguments[0].focus({preventScroll: true})", element)
    shown = browser.text("#card")
    assert shown.startswith(f"{code}: ") and country in shown and len(country) > 3 and "ms" in shown, shown
    marks = [browser.count(f".{mark}") for mark in ("highlight", "marked", "moment")]
    check_equal(f"{code}, {country} is marked in waterfalls, lanes and charts", marks, [runs, runs, 3 * runs])
    flag = "return getComputedStyle(document.querySelector('#card .image')).backgroundImage.startsWith('url(\"data:image')"
    check_equal("the flag in the box", browser.run(flag), True)


def check_switches(browser):
    """Gives each run its own time axis and hides the queue, and takes both back."""
    bars = "return [...document.querySelectorAll('.rows path')].map((e) => e.getAttribute('d')).join()"
    last = "return [...document.querySelectorAll('svg.waterfall')].at(-1)"
    width = last + ".querySelector('.bar path').getBBox().width / 960"
    shared, before = browser.run(bars), browser.run(width)
    browser.click("#own-axis")
    after = browser.run(width)
    assert before < 0.1 and 0.8 < after < 1, f"{before} {after}"
    axes = "return ['.shared-axis', '.own-axis'].map((e) => getComputedStyle(document.querySelector(e)).display)"
    check_equal("axes", browser.run(axes), ["none", "inline"])
    browser.click("#shared-axis")
    assert browser.run(bars) == shared, "the bars have not moved back"
    queue = "return getComputedStyle(document.querySelector('path.queue')).display"
    browser.click("#show-queue")
    check_equal("hidden queue", browser.run(queue), "none")
    browser.click("#show-queue")
    check_equal("shown queue", browser.run(queue), "inline")


def check_print(browser, runs):
    """Checks that all records are printed if they are unfolded and fit on paper, and left out with their heading otherwise."""
    browser.set_media("print")
    # The width of A4 paper without its margins.
    browser.set_width(720)
    section = "return document.querySelector('.all-records').getClientRects().length"
    fold = "document.querySelector('.all-records details').open = arguments[0]"
    for opened in (True, False):
        browser.run(fold, opened)
        check_equal(f"the records are printed, unfolded: {opened}", browser.run(section) > 0, opened and runs <= 3)
        check_equal("overflow on paper", browser.run(OVERFLOW), 0)
    browser.set_media("screen")


def check_report(browser, name, runs, codes, seen, headings=()):
    print(f"{name}: {runs} runs of {codes} codes")
    path = WORK / name
    assert path.stat().st_size < 1_000_000, f"{path.stat().st_size} bytes"
    browser.set_width(1280)
    browser.open(path.as_uri())
    wait_until("all bars are drawn", lambda: browser.count(".bar") >= runs * codes)
    check_equal("bars", browser.count(".bar"), runs * codes)
    found = browser.run("return [...document.querySelectorAll('h2, h3')].map((e) => e.innerText)")
    assert list(headings) == found[: len(headings)], found
    check_widths(browser)
    check_marks(browser, runs)
    check_contrast(browser, SEEN + list(seen))
    browser.press(ESCAPE)
    wait_until("the card is hidden", lambda: browser.run("return document.querySelector('#card').hidden"))
    check_equal("marks", browser.count(".highlight, .marked, .moment"), 0)
    check_print(browser, runs)
    check_appearance(browser)


def check_server_page(browser):
    print("the page of a server")
    process = subprocess.Popen([BIN / "test-server", "--serve", "0"], stdout=subprocess.PIPE, text=True)
    try:
        url = next(json.loads(line) for line in process.stdout if line.startswith("{"))["ready"][0]["url"]
        browser.open(url.removesuffix("/flags") + "/")
        check_equal("flags in the gallery", browser.count("#gallery img"), 194)
        shown = "return document.querySelector('#gallery img[src$=\"/ad.gif\"]').naturalWidth"
        wait_until("the first flag is loaded", lambda: browser.run(shown) > 0)
        browser.type("#plan", "100:status=418")
        browser.click("#set-plan")
        wait_until(
            "the page shows the new plan",
            lambda: "418" in browser.text("#plan-now") + browser.text("#plan-in-words"),
        )
        flags = [BIN / "flags", "-q", "-v", "-s", url, "br", "--dest", WORK / "page"]
        run = subprocess.run(flags, stdout=subprocess.PIPE, text=True, check=False)
        assert "HTTP error 418" in run.stdout, run.stdout
        wait_until("the page counts the fault", lambda: "status" in browser.text("#injected"))
        check_equal("requests", browser.text("#stat-requests"), "1")
        browser.click("#reset")
        wait_until("the counters are reset", lambda: browser.text("#stat-requests") == "0")
        check_appearance(browser)
    finally:
        process.terminate()
        process.wait(10)


def main():
    browser = Browser()
    try:
        bars = [".elapsed-bars .filled", ".elapsed-bars .ideal-mark", ".line.c1"]
        check_report(browser, "delay.html", 3, 26, [*bars, ".not_found .waiting", ".task.not_found", ".line.c2"])
        check_switches(browser)
        thin = [".thin .not_found .waiting", ".thin .error .waiting", ".mark.not_found", ".mark.error"]
        check_report(browser, "error.html", 2, 676, [*bars, *thin, ".task.error"])
        limits = ["Elapsed time by connections", "The best setting of each strategy"]
        check_report(browser, "limits.html", 9, 100, [*bars, ".line.ideal", ".line.c3"], limits)
        check_report(browser, "single.html", 1, 676, thin, ["The run", "Waterfall"])
        check_server_page(browser)
    finally:
        browser.close()
    print("all pages passed")


main()
