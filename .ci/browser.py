"""Checks the pages in Chromium over the WebDriver protocol. Needs only Python's standard library."""

import json
import pathlib
import re
import socket
import subprocess
import sys
import time
import urllib.request

WORK, BIN = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
ESCAPE = "\ue00c"
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(what, condition, seconds=20):
    """Polls until the condition holds, and returns its result. Fails with `what` after this many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


class Browser:
    """One window of a headless Chromium."""

    def __init__(self):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.driver = subprocess.Popen(
            ["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until("the driver is ready", self.is_ready)
        options = {
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server"]
        }
        capabilities = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        session = self.call("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
        self.session = f"/session/{session['sessionId']}"

    def is_ready(self):
        try:
            return self.call("GET", "/status")["ready"]
        except OSError:
            return False

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"content-type": "application/json"}, method=method)
        # A proxy named in the environment must not be used for a program on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from None

    def do(self, method, path, body=None):
        return self.call(method, self.session + path, body)

    def open(self, url):
        self.do("POST", "/url", {"url": url})
        # On a busy machine the driver has returned in the middle of loading a long page.
        wait_until("the page is loaded", lambda: self.run("return document.readyState") == "complete")

    def run(self, script, *args):
        return self.do("POST", "/execute/sync", {"script": script, "args": list(args)})

    def cdp(self, command, **params):
        return self.do("POST", "/goog/cdp/execute", {"cmd": command, "params": params})

    def find(self, selector):
        return self.do("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def count(self, selector):
        return self.run("return document.querySelectorAll(arguments[0]).length", selector)

    def click(self, selector):
        self.do("POST", f"/element/{self.find(selector)}/click", {})

    def type(self, selector, text):
        element = self.find(selector)
        self.do("POST", f"/element/{element}/clear", {})
        self.do("POST", f"/element/{element}/value", {"text": text})

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def hover(self, element):
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        move = {"type": "pointerMove", "duration": 0, "x": 0, "y": 0, "origin": element}
        pointer = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": [move]}
        self.do("POST", "/actions", {"actions": [pointer]})

    def press(self, key):
        keys = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self.do("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": keys}]})

    def set_width(self, width):
        self.cdp(
            "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 600
        )

    def set_color_scheme(self, scheme):
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def background_color(self):
        return self.run("return getComputedStyle(document.body).backgroundColor")

    def console_errors(self):
        """Returns the errors and warnings on the console since the last call."""
        entries = self.do("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] in ("SEVERE", "WARNING")]

    def close(self):
        try:
            self.do("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait(10)


def check_equal(what, found, expected):
    assert found == expected, f"{what}: {found!r} instead of {expected!r}"
    print(f"  {what}: {found}")


def check_appearance(browser):
    """Checks that the page fits the widths of a phone and a screen, follows the colour scheme, and logs no errors."""
    for width in (360, 1280):
        browser.set_width(width)
        overflow = browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
        check_equal(f"horizontal overflow at {width} px", overflow, 0)
    browser.set_color_scheme("light")
    light = browser.background_color()
    browser.set_color_scheme("dark")
    dark = browser.background_color()
    assert light != dark, f"the background is the same in both colour schemes: {light}"
    browser.set_color_scheme("light")
    check_equal("console errors", browser.console_errors(), [])


def check_report(browser, name, runs, codes):
    print(f"{name}: {runs} runs of {codes} codes")
    path = WORK / name
    assert path.stat().st_size < 1_000_000, f"{path.stat().st_size} bytes"
    browser.open(path.as_uri())
    wait_until("all bars are drawn", lambda: browser.count(".bar") >= runs * codes)
    check_equal("bars", browser.count(".bar"), runs * codes)
    browser.hover(browser.run("return document.querySelectorAll('.bar')[17]"))
    hidden = "return document.querySelector('#card').hidden"
    wait_until("the card of the bar is shown", lambda: not browser.run(hidden))
    shown = browser.text("#card")
    assert re.match(r"[A-Z]{2}\b", shown) and "ms" in shown, shown
    browser.press(ESCAPE)
    wait_until("the card is hidden", lambda: browser.run(hidden))
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
        check_report(browser, "delay.html", 3, 26)
        check_report(browser, "error.html", 2, 676)
        check_server_page(browser)
    finally:
        browser.close()
    print("all pages passed")


main()
