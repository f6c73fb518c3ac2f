// Starts test-server for tests in Node. Needs nothing beside Node 18.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const program = process.env.TEST_SERVER ?? "test-server";

// Returns a running server with one plan.
export async function start(plan = "", ...options) {
  const args = ["--serve", `0=${plan}`, "--journal", "1000", ...options];
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  const ready = (async () => {
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith('{"ready":')) return JSON.parse(line).ready[0];
    }
    throw new Error(`${program} has not started: exit code ${await ended}`);
  })();
  const { base: url } = await Promise.race([ready, ended.then(() => ready)]);
  const control = async (path, init) => {
    const response = await fetch(url + path, init);
    if (!response.ok) throw new Error(await response.text());
    return response;
  };
  return {
    url,
    setPlan: (plan) => control("/__plan", { method: "PUT", body: plan }),
    // The requests that have come, such as those with the query method=POST&fault=reset.
    requests: async (query = "") => (await control(`/__requests?${query}`)).json(),
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}
