"""Runs `fetch` in a page of the server, in Chromium."""

import hashlib
import sys

from commands import ROOT

sys.path.insert(0, str(ROOT / ".ci"))

# In the page of the server itself, so that no rule about other sites applies. Reads at most 100 MB.
IN_PAGE = """
const scenario = arguments[0], etag = arguments[1], beginning = arguments[2], upload = arguments[3];
async function once(path, options, before) {
  try {
    const response = await fetch(path, {signal: AbortSignal.timeout(2000), cache: "no-store", ...options});
    if (!response.ok) return ["error", String(response.status)];
    // A 206 is the rest of the file; any other success is the whole.
    const pieces = before && response.status === 206 ? [before] : [];
    let length = pieces.length ? before.length : 0;
    if (response.body) {
      const reader = response.body.getReader();
      for (;;) {
        const {done, value} = await reader.read();
        if (done) break;
        pieces.push(value);
        length += value.length;
        if (length > 100e6) return ["hang"];
      }
    }
    const content = await new Blob(pieces).arrayBuffer();
    if (scenario === "upload") {
      const kept = JSON.parse(new TextDecoder().decode(content)).data;
      return [kept === upload ? "file" : "wrong", length];
    }
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
    return ["file", [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join(""), length];
  } catch (error) {
    return ["error", error.name];
  }
}
const br = "/flags/br/br.gif", us = "/flags/us/us.gif";
if (scenario === "resume") {
  const before = new Uint8Array(beginning);
  return once(br, {headers: {range: `bytes=${before.length}-`, "if-range": etag}}, before).then((r) => [r]);
}
if (scenario === "upload") return once("/post", {method: "POST", body: upload}).then((r) => [r]);
if (scenario === "together") return Promise.all([once(br + "?1"), once(br + "?2")]);
if (scenario === "get") return once(br).then((r) => [r]);
return once(br).then(async (first) => [first, await once(scenario === "pair" ? us : br)]);
"""


def run(browser, port, scenario, etag, beginning, upload):
    """Returns the results of a scenario: its kind, and for a file the digest and the length."""
    browser.open(f"http://localhost:{port}/")
    return browser.run(IN_PAGE, scenario, etag, list(beginning), upload)


def verdict(result, content):
    kind, *rest = result
    if kind == "wrong":
        return f"**false success**, {rest[0]} bytes"
    if kind != "file":
        return " ".join([kind, *rest])
    if len(rest) == 1:
        return "file"
    digest, length = rest
    return "file" if digest == hashlib.sha256(content).hexdigest() else f"**false success**, {length} bytes"


def start():
    from webdriver import Browser

    return Browser()
