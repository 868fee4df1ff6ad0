// A shop: spoold on a data folder of its own, and its API.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Program, run, until } from "./process.mjs";
import { Simulator, home } from "./simulator.mjs";

// So that a test need not wait as long as a shop does. A P1S gives whole
// reports once a minute: what it said last is fresh for longer here.
const quick = {
  evidence_seconds: 5, verdict_seconds: 60, fresh_seconds: 600,
  cool_down_seconds: 1,
};

// A value that is Lua already comes as { raw }.
const lua = (value) =>
  value.raw !== undefined ? value.raw
  : typeof value === "string" ? JSON.stringify(value)
  : Array.isArray(value) ? `{ ${value.map(lua).join(", ")} }` : `${value}`;

export class Shop {
  static make(settings = {}) {
    const shop = new Shop();
    shop.place = fs.mkdtempSync(path.join(os.tmpdir(), "spoold-e2e-"));
    shop.data = path.join(shop.place, "data");
    shop.config = path.join(shop.place, "spoold.conf");
    shop.printers = [];
    shop.configure(settings);
    return shop;
  }

  configure(settings) {
    const rows = Object.entries({ ...quick, ...settings });
    fs.writeFileSync(this.config, rows.map(([k, v]) => `${k} = ${lua(v)}\n`).join(""));
  }

  async start(env = {}) {
    this.program = new Program("spoold", ["--config", this.config,
      "--data", this.data, "--listen", `${home}:0`], env);
    const [, url] = await this.program.says(/READY (http:\S+)/);
    this.url = url;
  }

  // Started, set up, with the printers of the simulator, if any.
  async open(sim, env = {}) {
    await this.start(env);
    await this.setUp();
    for (const printer of sim?.printers ?? []) await this.addPrinter(printer);
    await this.connected();
  }

  async setUp() {
    const code = fs.readFileSync(path.join(this.data, "setup-code"), "utf8").trim();
    const { token } = await this.ok(201, "POST", "/api/setup",
      { code, email: "ann@example.com", password: "correct horse" });
    this.token = token;
  }

  async addPrinter(printer, members = {}) {
    const { id } = await this.ok(201, "POST", "/api/printers", {
      name: `${printer.model} ${printer.serial.slice(-3)}`, kind: "bambu",
      ...printer, ...members,
    });
    this.printers.push({ ...printer, id });
    return this.printers.at(-1);
  }

  async connected(seconds = 30) {
    for (const { id } of this.printers)
      await this.sees(id, (s) => s.connection === "connected" && s.slots.length > 0,
        "connected", seconds);
  }

  // -- asking --

  async call(method, route, body, headers = {}) {
    const isBytes = body instanceof Uint8Array;
    const answer = await fetch(this.url + route, {
      method,
      body: body === undefined || isBytes || typeof body === "string"
        ? body : JSON.stringify(body),
      headers: {
        ...(this.token && { Authorization: `Bearer ${this.token}` }),
        ...(body !== undefined &&
          { "Content-Type": isBytes ? "application/octet-stream" : "application/json" }),
        ...headers,
      },
    });
    const text = await answer.text();
    const isJson = answer.headers.get("content-type")?.startsWith("application/json");
    return { status: answer.status, headers: answer.headers, text,
      body: isJson ? JSON.parse(text) : text };
  }

  async ok(status, method, route, body, headers) {
    const answer = await this.call(method, route, body, headers);
    assert.equal(answer.status, status, `${method} ${route}: ${answer.text}`);
    return answer.body;
  }

  get(route) {
    return this.ok(200, "GET", route);
  }

  async upload(bytes, name = "part.gcode.3mf") {
    const answer = await this.call("POST",
      `/api/files?name=${encodeURIComponent(name)}`, bytes);
    assert.ok(answer.status === 201 || answer.status === 200, answer.text);
    return answer.body;
  }

  // A job of a file (or of its bytes, which are uploaded).
  async order(file, members = {}) {
    const { id } = file instanceof Uint8Array ? await this.upload(file) : file;
    return this.ok(201, "POST", "/api/bambu/scheduled-prints",
      { file_id: id, plate: 1, ...members });
  }

  job(id) {
    return this.get(`/api/jobs/${id}`);
  }

  attempts(id) {
    return this.get(`/api/jobs/${id}/attempts`);
  }

  status(printerId) {
    return this.get(`/api/printers/${printerId}/status`);
  }

  clear(printerId) {
    return this.ok(200, "POST", `/api/printers/${printerId}/plate-cleared`);
  }

  cancel(id, stop = false) {
    return this.call("DELETE",
      `/api/bambu/scheduled-prints/${id}${stop ? "?stop=true" : ""}`);
  }

  // -- waiting --

  // The job, once it is in this status or phase; a job that has ended
  // otherwise is not waited for.
  async reaches(id, wanted, seconds = 30) {
    let job;
    await until(async () => {
      job = await this.job(id);
      if (job.status === wanted || job.phase === wanted) return true;
      assert.notEqual(job.phase, "done",
        `job ${id} is ${job.status} (${job.failed_reason}), not ${wanted}:\n${this.program.output}`);
      return false;
    }, seconds, `job ${id} becomes ${wanted}`).catch((error) => {
      throw new Error(`${error.message}; it is ${job?.status}, ${job?.phase}` +
        `:\n${this.program.output}`);
    });
    return job;
  }

  async sees(printerId, judge, what, seconds = 30) {
    let status;
    await until(async () => judge((status = await this.status(printerId))),
      seconds, "").catch(() => {
      throw new Error(`printer ${printerId} not ${what}: ` +
        `${JSON.stringify(status)}\n${this.program.output}`);
    });
    return status;
  }

  // -- ending --

  judge(program = this.program) {
    const complaint = program.complaint();
    if (complaint) throw new Error(complaint);
  }

  async stop() {
    const status = await this.program.end();
    this.judge();
    assert.equal(status, 0, `spoold ended badly:\n${this.program.output}`);
  }

  async kill() {
    await this.program.end("SIGKILL");
    this.judge();
  }

  // Every invariant of the store; on a server that is not running.
  async check() {
    const { status, output } = await run("spoold",
      ["--config", this.config, "--data", this.data, "check"]);
    assert.equal(status, 0, output);
    return output;
  }

  async close() {
    await this.stop();
    await this.check();
    fs.rmSync(this.place, { recursive: true });
  }
}

// Open both, run the test, and judge how they end.
export async function inShop(models, options, test) {
  const sim = await Simulator.start(models, options.sim);
  const shop = Shop.make(options.settings);
  shop.data = options.data ?? shop.data;
  try {
    await shop.open(sim, options.env);
    await test(shop, sim, shop.printers);
    await shop.close();
    await sim.end();
  } finally {
    shop.program?.child.kill("SIGKILL");
    sim.program.child.kill("SIGKILL");
  }
}
