// Downloads a URL to a file with the `fetch` of node: download.mjs URL FILE. It has a timeout of 2 seconds.

import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

const [url, path] = process.argv.slice(2);
try {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
  if (!response.ok) throw new Error(`status ${response.status}`);
  await pipeline(response.body ? Readable.fromWeb(response.body) : Readable.from([]), createWriteStream(path));
} catch (error) {
  console.error(error.cause?.code ?? error.name);
  process.exit(1);
}
