// The README's commands, in its order, as a newcomer types them.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import { Program, program, until } from "./help/process.mjs";
import { Simulator, home } from "./help/simulator.mjs";
import { sliced } from "./help/sliced.mjs";

const source = path.join(import.meta.dirname, "..", "..");
const readme = fs.readFileSync(path.join(source, "README.md"), "utf8");

// Indented lines outside of fences, continued ones joined.
function commands() {
  const plain = readme.replace(/```[\s\S]*?```/g, "").replace(/\\\n\s*/g, "");
  return plain.split("\n").filter((line) => /^ {4,}\S/.test(line))
    .map((line) => line.trim());
}

// These are what packaging/test itself does.
const done = new Set([
  "packaging/demo", "packaging/test", "packaging/install-needs build",
  "cmake -B build && cmake --build build",
]);

class Newcomer {
  constructor(sim) {
    this.place = fs.mkdtempSync(path.join(os.tmpdir(), "spoold-readme-"));
    this.printer = sim.printers[0];
    fs.writeFileSync(path.join(this.place, "bracket.gcode.3mf"), sliced());
    fs.writeFileSync(path.join(this.place, "orders.csv"), "order;sku;quantity\nA1;DR-1;2\n");
  }

  // What differs from machine to machine.
  adapt(command) {
    const { host, serial, access_code, mqtt_port, ftps_port } = this.printer;
    return command
      .replaceAll("build/", `${program("")}/`)
      .replaceAll("~/shop", `${this.place}/shop`)
      .replace("--listen 127.0.0.1:8080", `--listen ${home}:0`)
      .replace("CODE", () => fs.readFileSync(`${this.place}/shop/setup-code`, "utf8").trim())
      .replace("SECRET", "'correct horse'")
      .replace(/https:\/\/discord\S+/, "http://127.0.0.1:9/")
      .replace(/host=\S+ serial=\S+ access_code=\S+/, `host=${host} serial=${serial} ` +
        `access_code=${access_code} mqtt_port:=${mqtt_port} ftps_port:=${ftps_port}`);
  }

  get env() {
    return { ...process.env, XDG_CONFIG_HOME: this.place, SPOOLD_SERVER: this.url };
  }

  type(command) {
    const { status, stdout, stderr } = spawnSync("bash", ["-c", this.adapt(command)],
      { cwd: this.place, env: this.env, encoding: "utf8", timeout: 60000 });
    assert.equal(status, 0, `${command}\n${stdout}${stderr}`);
    return stdout;
  }

  async serve(command) {
    const [, ...words] = this.adapt(command).split(/\s+/);
    this.server = new Program("spoold", words);
    [, this.url] = await this.server.says(/READY (http:\S+)/);
  }

  async follow(command) {
    const [, ...words] = this.adapt(command).split(/\s+/);
    const events = new Program("spoolctl", words, this.env);
    await until(() => this.type("build/spoolctl --json jobs.get 1").includes('"completed"'),
      60, "the job is completed");
    await events.end();
  }
}

test("a newcomer who follows the README has printed something at its end", async () => {
  const sim = await Simulator.start(["P1S"]);
  const you = new Newcomer(sim);
  for (const command of commands().filter((c) => !done.has(c))) {
    if (/build\/spoold --data \S+ --listen/.test(command)) await you.serve(command);
    else if (/events --follow/.test(command)) await you.follow(command);
    else {
      if (/files.create/.test(command))
        await until(() => /connected/.test(you.type("build/spoolctl printers.status 1")), 30,
          "the printer is connected");
      const said = you.type(command);
      if (/plate_cleared/.test(command)) assert.match(said, /plate_clear\s+(yes|true)/);
    }
  }
  const [start, ...others] = await sim.starts(sim.printers[0]);
  assert.equal(start.outcome, "finished");
  assert.deepEqual(others, []);
  assert.equal(await you.server.end(), 0, you.server.output);
  await sim.end();
  fs.rmSync(you.place, { recursive: true });
});

test("the README's configuration is one that spoold takes", () => {
  const [, text] = readme.match(/```lua\n([\s\S]*?)```/);
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "spoold-readme-")), "spoold.conf");
  fs.writeFileSync(file, text);
  const { status, stdout, stderr } = spawnSync(program("spoold"),
    ["--config", file, "--check-config"], { encoding: "utf8" });
  assert.equal(status, 0, stdout + stderr);
  fs.rmSync(path.dirname(file), { recursive: true });
});

test("each file the README leads to is there", () => {
  for (const [, target] of readme.matchAll(/\]\(([^)#:]+)\)/g))
    assert.ok(fs.existsSync(path.join(source, target)), target);
});
