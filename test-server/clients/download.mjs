// Runs the `fetch` of node, with a timeout of 2 seconds. The arguments are those of download.py, without a library.

import { createWriteStream, readFileSync, statSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

const [action, ...rest] = process.argv.slice(2);

async function download(url, path, options = {}, continues = false) {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000), ...options });
  if (!response.ok) throw new Error(`status ${response.status}`);
  // A 206 is the rest of the file; any other success is the whole.
  const flags = continues && response.status === 206 ? "a" : "w";
  await pipeline(response.body ? Readable.fromWeb(response.body) : Readable.from([]), createWriteStream(path, { flags }));
}

try {
  if (action === "resume") {
    const [url, path, etag] = rest;
    await download(url, path, { headers: { range: `bytes=${statSync(path).size}-`, "if-range": etag } }, true);
  } else if (action === "upload") {
    const [url, path, body] = rest;
    await download(url, path, { method: "POST", body: readFileSync(body) });
  } else {
    for (let i = 0; i < rest.length; i += 2) await download(rest[i], rest[i + 1]);
  }
} catch (error) {
  console.error(error.cause?.code ?? error.name);
  process.exit(1);
}
