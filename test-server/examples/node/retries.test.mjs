// A client with retries, tested against faults: TEST_SERVER=target/debug/test-server node --test test-server/examples/node

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { start } from "./server.mjs";

// The client to test: posts an order and tries again when that may help.
async function postOrder(url, order, attempts = 4) {
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(`${url}/anything/orders`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(order),
      });
      if (response.ok) return (await response.json()).json;
      if (response.status < 500) return null;
      await response.body?.cancel();
    } catch (error) {
      if (attempt === attempts) throw error;
    }
    if (attempt === attempts) throw new Error("no answer");
  }
}

let server;
before(async () => {
  server = await start("", "--httpbin");
});
after(() => server.stop());

for (const fault of ["status=503", "reset", "close-body=5", "garbage", "truncate-chunked=3"]) {
  test(`an order arrives despite two failures: ${fault}`, async () => {
    const before = (await server.requests()).length;
    await server.setPlan(`100:${fault}+transient=2`);
    assert.deepEqual(await postOrder(server.url, { item: 5 }), { item: 5 });
    const requests = (await server.requests("method=POST&path=/anything/orders")).slice(before);
    assert.equal(requests.length, 3);
    for (const { body } of requests) assert.deepEqual(JSON.parse(body), { item: 5 });
  });
}

test("a refused order is not sent again", async () => {
  await server.setPlan("100:status=422");
  assert.equal(await postOrder(server.url, { item: 5 }), null);
  assert.equal((await server.requests("status=422")).length, 1);
});
