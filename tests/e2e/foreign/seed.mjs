// A client of the test page and of the inbox, over the npm package `ws`.
//
// usage: seed.mjs MODULES BASE_URL TOKEN API_KEY USER

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";

const [modules, base, token, key, user] = process.argv.slice(2);
const { WebSocket } = createRequire(join(modules, "index.js"))("ws");
const ws = base.replace("http", "ws");
const MILLISECONDS = 30_000;

// Opens a socket whose `next(...types)` is the next frame of one of these types.
async function open(path, protocols, options) {
  const socket = new WebSocket(ws + path, protocols, options);
  const frames = [];
  let wake = () => {};
  let ended;
  socket.on("message", (text, isBinary) => {
    assert.equal(isBinary, false);
    frames.push(JSON.parse(text));
    wake();
  });
  const end = (error) => {
    ended = error instanceof Error ? error : new Error(`the socket closed: ${error}`);
    wake();
  };
  socket.on("error", end);
  socket.on("close", end);
  const next = async (...types) => {
    const deadline = setTimeout(() => end(new Error(`no ${types} came`)), MILLISECONDS);
    try {
      for (;;) {
        while (frames.length > 0) {
          const frame = frames.shift();
          if (types.includes(frame.type)) return frame;
        }
        if (ended) throw ended;
        await new Promise((resolve) => (wake = resolve));
      }
    } finally {
      clearTimeout(deadline);
    }
  };
  const ask = (frame) => {
    socket.send(JSON.stringify(frame));
    return next(`${frame.type}_response`, "pong");
  };
  return { socket, next, ask };
}

async function testPage() {
  const { socket, next, ask } = await open("/ws/test/", ["fanfare.v1", `bearer.${token}`]);
  await next("welcome");
  assert.equal(socket.protocol, "fanfare.v1");
  assert.ok((await ask({ type: "ping" })).data.server_time);
  const content = { héllo: ["😀", 1.5] };
  assert.deepEqual((await ask({ type: "echo", content })).message, content);
  assert.equal((await ask({ type: "chat", content: "你好" })).data.original_message, "你好");
  assert.ok((await ask({ type: "system_info" })).data.cpu_cores >= 1);
  assert.deepEqual((await ask({ type: "custom", data: { a: 1 } })).data.data, { a: 1 });
  const pong = new Promise((resolve) => socket.once("pong", resolve));
  socket.ping("are you there");
  assert.equal(String(await pong), "are you there");
  socket.close();
}

async function inbox() {
  const headers = { Authorization: `Bearer ${token}` };
  const { socket, next } = await open("/ws/notifications/", [], { headers });
  while ((await next("subscribed")).channel !== `user:${user}`);
  const response = await fetch(`${base}/v1/notifications`, {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    body: JSON.stringify({ to: { users: [user] }, title: "from node" }),
  });
  assert.equal(response.status, 202);
  assert.equal((await next("notification")).data.title, "from node");
  socket.close();
}

await testPage();
await inbox();
console.log("all answers came");
