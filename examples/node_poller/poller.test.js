// Run with: node --test. It needs Python with pytest-ecsevents[server], and `npm install @alicloud/ecs20140526`.
const assert = require("node:assert/strict");
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const { createInterface } = require("node:readline");
const { after, before, beforeEach, test } = require("node:test");
const { makeClient, poll } = require("./poller.js");

let cloud, endpoint, client;

async function control(method, path, body) {
  const options = { method, body: body && JSON.stringify(body) };
  const reply = await fetch(`http://${endpoint}/_ecsevents/v1${path}`, options);
  const answer = await reply.json();
  if (!reply.ok) throw new Error(answer.error.message);
  return answer;
}

async function now() {
  return new Date((await control("GET", "/now")).now);
}

before(async () => {
  const serve = ["-m", "pytest_ecsevents", "serve", "--port", "0", "--clock", "frozen", "--quiet"];
  cloud = spawn(process.env.PYTHON || "python3", serve, { stdio: ["ignore", "pipe", "inherit"] });
  [endpoint] = await once(createInterface(cloud.stdout), "line");
  client = makeClient({ endpoint, protocol: "http", accessKeyId: "any", accessKeySecret: "any" });
});

beforeEach(() => control("POST", "/reset"));

after(() => cloud.kill());

test("an event is avoided twelve hours ahead, not earlier", async () => {
  const event = await control("POST", "/events", {
    event_type: "SystemMaintenance.Reboot",
    instance_id: "i-web1",
    not_before: "+24h",
  });

  await control("POST", "/advance", { by: "11h" });
  assert.deepEqual(await poll(client, await now()), []);
  assert.equal((await control("GET", `/events/${event.event_id}`)).status, "Scheduled");

  await control("POST", "/advance", { by: "1h" });
  assert.deepEqual(await poll(client, await now()), ["i-web1"]);

  const avoided = { event_id: event.event_id, by: "RebootInstance" };
  const { holds, message } = await control("POST", "/assertions/avoided", avoided);
  assert.ok(holds, message);
});

test("a refused reboot is tried again", async () => {
  await control("POST", "/events", {
    event_type: "SystemMaintenance.Reboot",
    instance_id: "i-web1",
    not_before: "+1h",
  });
  await control("POST", "/faults", { action: "RebootInstance", code: "Throttling" });

  assert.deepEqual(await poll(client, await now()), []);
  await control("POST", "/advance", { by: "1m" });
  assert.deepEqual(await poll(client, await now()), ["i-web1"]);

  const { calls } = await control("GET", "/calls?action=RebootInstance");
  assert.deepEqual(calls.map((call) => call.code), ["Throttling", null]);
});
