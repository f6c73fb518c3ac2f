"""Drives Chromium by the WebDriver protocol, with nothing but Python's own library."""

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


def until(what, is_so, seconds=20):
    """Waits until it is so."""
    deadline = time.monotonic() + seconds
    while True:
        result = is_so()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain: {what}")
        time.sleep(0.05)


class Browser:
    """One window of a headless Chromium."""

    def __init__(self):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.driver = subprocess.Popen(
            ["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until("the driver answers", self.answers)
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

    def answers(self):
        try:
            return self.call("GET", "/status")["ready"]
        except OSError:
            return False

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"content-type": "application/json"}, method=method)
        # No proxy of the environment stands between two programs of this machine.
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
        # On a busy machine the driver has been seen to come back in the middle of a long page.
        until("the page is there", lambda: self.run("return document.readyState") == "complete")

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

    def width(self, width):
        self.cdp(
            "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 600
        )

    def scheme(self, scheme):
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def ground(self):
        return self.run("return getComputedStyle(document.body).backgroundColor")

    def complaints(self):
        """What the console has to say against the page since it was last asked."""
        entries = self.do("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] in ("SEVERE", "WARNING")]

    def end(self):
        try:
            self.do("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait(10)


def same(what, found, expected):
    assert found == expected, f"{what}: {found!r} instead of {expected!r}"
    print(f"  {what}: {found}")


def looks_right_everywhere(browser):
    """Nothing sticks out at the width of a telephone, and dark is dark."""
    for width in (360, 1280):
        browser.width(width)
        sticks_out = browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
        same(f"sticks out at {width} px", sticks_out, 0)
    browser.scheme("light")
    light = browser.ground()
    browser.scheme("dark")
    dark = browser.ground()
    assert light != dark, f"dark is as light as light: {light}"
    browser.scheme("light")
    same("complaints", browser.complaints(), [])


def report(browser, name, runs, codes):
    print(f"{name}: {runs} runs of {codes} codes")
    path = WORK / name
    assert path.stat().st_size < 1_000_000, f"{path.stat().st_size} bytes"
    browser.open(path.as_uri())
    until("all bars are there", lambda: browser.count(".bar") >= runs * codes)
    same("bars", browser.count(".bar"), runs * codes)
    browser.hover(browser.run("return document.querySelectorAll('.bar')[17]"))
    hidden = "return document.querySelector('#card').hidden"
    until("the bar tells of itself", lambda: not browser.run(hidden))
    shown = browser.text("#card")
    assert re.match(r"[A-Z]{2}\b", shown) and "ms" in shown, shown
    browser.press(ESCAPE)
    until("the card is gone", lambda: browser.run(hidden))
    looks_right_everywhere(browser)


def server(browser):
    print("the page of a server")
    process = subprocess.Popen([BIN / "test-server", "--serve", "0"], stdout=subprocess.PIPE, text=True)
    try:
        url = next(json.loads(line) for line in process.stdout if line.startswith("{"))["ready"][0]["url"]
        browser.open(url.removesuffix("/flags") + "/")
        same("flags in the gallery", browser.count("#gallery img"), 194)
        shown = "return document.querySelector('#gallery img[src$=\"/ad.gif\"]').naturalWidth"
        until("the first flag is there", lambda: browser.run(shown) > 0)
        browser.type("#plan", "100:status=418")
        browser.click("#set-plan")
        until("the new plan is in force", lambda: "418" in browser.text("#plan-now") + browser.text("#plan-in-words"))
        flags = [BIN / "flags", "-q", "-v", "-s", url, "br", "--dest", WORK / "page"]
        met = subprocess.run(flags, stdout=subprocess.PIPE, text=True, check=False)
        assert "HTTP error 418" in met.stdout, met.stdout
        until("the page counts it", lambda: "status" in browser.text("#injected"))
        same("requests", browser.text("#stat-requests"), "1")
        browser.click("#reset")
        until("the page has forgotten it", lambda: browser.text("#stat-requests") == "0")
        looks_right_everywhere(browser)
    finally:
        process.terminate()
        process.wait(10)


def main():
    browser = Browser()
    try:
        report(browser, "delay.html", 3, 26)
        report(browser, "error.html", 2, 676)
        server(browser)
    finally:
        browser.end()
    print("the pages are as they should be")


main()
