// The shop on an MQTT broker, as Home Assistant would see it: a real
// mosquitto, its own client programs, real spoold, simulated printers.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { until } from "./help/process.mjs";
import { inShop } from "./help/shop.mjs";
import { home } from "./help/simulator.mjs";
import { sliced } from "./help/sliced.mjs";

const has = (name) => spawnSync("sh", ["-c", `command -v ${name}`]).status === 0;
const skip = has("mosquitto") && has("mosquitto_sub") ? false
  : "mosquitto and mosquitto-clients are not installed";

const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

function run(name, args) {
  const child = spawn(name, args, { stdio: ["ignore", "pipe", "ignore"] });
  running.add(child);
  child.on("close", () => running.delete(child));
  child.unref();
  child.stdout.unref();
  return child;
}

const port = 18830;

class Broker {
  constructor() {
    this.place = fs.mkdtempSync(path.join(os.tmpdir(), "spoold-broker-"));
    this.kept = {};   // what a client that comes now would be given
    this.said = [];   // all messages in order
    const hash = spawnSync("mosquitto_passwd",
      ["-b", "-c", path.join(this.place, "users"), "ann", "pa ss"]);
    assert.equal(hash.status, 0, `${hash.stderr}`);
    fs.chmodSync(path.join(this.place, "users"), 0o644);
    fs.writeFileSync(path.join(this.place, "conf"),
      `listener ${port} ${home}\nallow_anonymous false\n` +
      `password_file ${this.place}/users\nuser root\n`);
  }

  async start() {
    this.child = run("mosquitto", ["-c", path.join(this.place, "conf")]);
    await until(() => this.publish("test/up", "1").status === 0, 20, "a broker");
    this.follow();
  }

  client(...args) {
    return ["-h", home, "-p", `${port}`, "-u", "ann", "-P", "pa ss", ...args];
  }

  publish(topic, payload, ...more) {
    return spawnSync("mosquitto_pub",
      this.client("-t", topic, "-m", payload, ...more));
  }

  follow() {
    let rest = "";
    this.ear = run("mosquitto_sub",
      this.client("-t", "spoold/#", "-t", "homeassistant/#", "-F", "%j"));
    this.ear.stdout.setEncoding("utf8").on("data", (text) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop();
      lines.forEach((line) => this.hear(JSON.parse(line)));
    });
  }

  hear({ topic, payload }) {
    payload ??= "";
    this.said.push({ topic, payload: `${payload}`, at: Date.now() });
    this.kept[topic] = `${payload}`;
  }

  json(topic) {
    return this.kept[topic] ? JSON.parse(this.kept[topic]) : undefined;
  }

  stop() {
    for (const child of [this.ear, this.child]) child?.kill("SIGKILL");
    this.kept = {};
  }

  // What the broker keeps, asked of a client that comes now.
  retained(filter) {
    const { stdout } = spawnSync("mosquitto_sub",
      this.client("-t", filter, "-F", "%j", "--retained-only", "-W", "1"));
    return Object.fromEntries(`${stdout}`.split("\n").filter(Boolean)
      .map((line) => JSON.parse(line)).map((m) => [m.topic, m.payload]));
  }
}

function withBroker(body, models = ["X1C"]) {
  return async () => {
    const broker = new Broker();
    await broker.start();
    const plugins = { raw: `{ "bambu-mqtt", "scheduler-priority", ` +
      `["mqtt-events"] = { host = "${home}", port = ${port}, user = "ann", ` +
      `password = "pa ss", refresh = "1s" } }` };
    try {
      await inShop(models, { settings: { plugins } },
        (shop, sim, printers) => body({ broker, shop, sim, printers,
          printer: printers[0], base: `spoold/printer/${printers[0].id}` }));
    } finally {
      broker.stop();
      fs.rmSync(broker.place, { recursive: true });
    }
  };
}

// What Home Assistant demands of a discovery message.
function judge(topic, config) {
  const match = topic.match(
    /^homeassistant\/(sensor|binary_sensor|button)\/([a-zA-Z0-9_-]+)\/([a-zA-Z0-9_-]+)\/config$/);
  assert.ok(match, topic);
  const [, component] = match;
  assert.match(config.unique_id, /^[a-zA-Z0-9_-]+$/);
  assert.ok(config.device.identifiers.length > 0, topic);
  assert.equal(config.origin.name, "spoold");
  assert.ok(!("availability" in config && "availability_topic" in config));
  if (component === "button") {
    assert.ok(config.command_topic && !config.state_topic, topic);
    assert.equal(config.payload_press, "PRESS");
  } else {
    assert.ok(config.state_topic && !config.command_topic, topic);
  }
  if (config.device_class === "enum") {
    assert.ok(config.options.length > 1);
    assert.ok(!config.state_class && !config.unit_of_measurement, topic);
  }
  if (config.state_class)
    assert.ok(config.unit_of_measurement, topic);
  if (config.device_class === "temperature")
    assert.equal(config.unit_of_measurement, "°C");
  for (const row of config.availability ?? []) {
    assert.deepEqual(Object.keys(row).sort(),
      ["payload_available", "payload_not_available", "topic"]);
    assert.equal(config.availability_mode, "all");
  }
}

async function state(broker, base, wanted, what) {
  return until(() => {
    const now = broker.json(`${base}/state`);
    return now && wanted(now) && now;
  }, 30, what).catch((error) => {
    throw new Error(`${error.message}: ${broker.kept[`${base}/state`]}`);
  });
}

test("a printer is announced, followed, and commanded by buttons", { skip },
  withBroker(async ({ broker, shop, sim, printer, base }) => {
    await state(broker, base, (s) => s.connectivity === "ON", "connected");
    const kept = broker.retained("homeassistant/#");
    const ids = Object.entries(kept).map(([topic, payload]) => {
      const config = JSON.parse(payload);
      judge(topic, config);
      return config.unique_id;
    });
    assert.equal(ids.length, 21);
    assert.equal(new Set(ids).size, ids.length, "ids are not unique");
    assert.equal(broker.retained("spoold/status")["spoold/status"], "online");
    assert.equal(broker.kept[`${base}/availability`], "online");

    await sim.speed(20);
    const file = await shop.upload(sliced({ model: "X1C" }));
    const job = await shop.order(file, { printer_id: printer.id });
    await state(broker, base, (s) => s.status === "printing" &&
      s.running === "ON" && s.nozzle !== null && s.filament, "printing");
    const button = JSON.parse(
      kept[`homeassistant/button/spoold_${printer.id}/pause/config`]);
    broker.publish(button.command_topic, button.payload_press);
    await state(broker, base, (s) => s.status === "paused", "paused");
    broker.publish(`${base}/command/resume`, "PRESS");
    await state(broker, base, (s) => s.status === "printing", "resumed");
    broker.publish(`${base}/command/stop`, "PRESS");
    await shop.reaches(job.id, "failed").catch(() => shop.reaches(job.id, "cancelled"));
    await state(broker, base, (s) => s.plate_clear === "OFF" &&
      s.running === "OFF", "stopped, with the plate taken");
    broker.publish(`${base}/command/plate_cleared`, "PRESS");
    await state(broker, base, (s) => s.plate_clear === "ON", "cleared");

    const told = broker.said.map((m) => m.topic);
    assert.ok(told.includes("spoold/events/print/started"), `${told}`);
    assert.ok(told.includes(`spoold/job/${job.id}`));
    const times = broker.said.filter((m) => m.topic === `${base}/state`)
      .map((m) => m.at);
    for (let i = 1; i < times.length; i++)
      assert.ok(times[i] - times[i - 1] > 500, "more than once a second");
  }));

test("what is no command, or an old one, is not obeyed", { skip },
  withBroker(async ({ broker, shop, printer, base }) => {
    await state(broker, base, (s) => s.connectivity === "ON", "connected");
    broker.publish(`${base}/command/pause`, "press me");
    broker.publish(`${base}/command/explode`, "PRESS");
    broker.publish("spoold/printer/7x/command/stop", "PRESS");
    broker.publish("spoold/printer/-1/command/stop", "PRESS");
    broker.publish("spoold/printer/999/command/stop", "PRESS");
    await until(() => broker.json("spoold/printer/999/answer"), 20, "an answer");
    const answer = broker.json("spoold/printer/999/answer");
    assert.equal(answer.accepted, false);
    assert.match(answer.error, /no printer/);
    assert.equal(broker.said.filter((m) => m.topic.endsWith("/answer")).length, 1);

    // Left at the broker while nobody was there to obey.
    broker.publish(`${base}/command/plate_cleared`, "PRESS", "-r");
    await until(() => broker.said.filter((m) => m.topic === `${base}/answer`)
      .length === 1, 20, "obeyed when it was said");
    await shop.stop();
    await shop.start();
    await until(() => /left at the broker and is not obeyed/.test(shop.program.output),
      20, "the old command is refused");
    await shop.connected();
    assert.equal((await shop.status(printer.id)).id, printer.id);
    assert.equal(broker.said.filter((m) => m.topic === `${base}/answer`).length, 1);
  }));

test("a broker that loses everything is told everything again", { skip },
  withBroker(async ({ broker, shop, base }) => {
    await state(broker, base, (s) => s.connectivity === "ON", "connected");
    broker.stop();
    await until(() => /no line to the broker|it hung up/.test(shop.program.output),
      20, "the loss is noticed");
    await broker.start();
    await state(broker, base, (s) => s.connectivity === "ON", "told again");
    assert.equal(Object.keys(broker.retained("homeassistant/#")).length, 21);

    // Home Assistant itself starts anew.
    broker.kept = {};
    broker.publish("homeassistant/status", "online");
    await state(broker, base, () => true, "said again for Home Assistant");
    assert.ok(broker.json("homeassistant/binary_sensor/spoold/server/config"));
  }));

test("the last will tells of a server that died; a printer that is deleted goes",
  { skip }, withBroker(async ({ broker, shop, printers, base }) => {
    await state(broker, base, (s) => s.connectivity === "ON", "connected");
    await shop.kill();
    await until(() => broker.kept["spoold/status"] === "offline", 20, "the will");
    await shop.start();
    await until(() => broker.kept["spoold/status"] === "online", 20, "online");
    await until(async () => (await shop.call("DELETE",
      `/api/printers/${printers[0].id}`)).status < 300, 20, "deleted");
    shop.printers = [];
    await until(() => broker.kept[`${base}/state`] === "", 20, "its state goes");
    const left = Object.keys(broker.retained("homeassistant/#"));
    assert.deepEqual(left,
      ["homeassistant/binary_sensor/spoold/server/config"]);
    await shop.stop();
    await until(() => broker.kept["spoold/status"] === "offline", 20, "goodbye");
    await shop.start();
  }));
