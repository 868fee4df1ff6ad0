// The command line against a real server and a simulated printer.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { Program, run, until } from "./help/process.mjs";
import { Shop, inShop } from "./help/shop.mjs";
import { home } from "./help/simulator.mjs";
import { sliced } from "./help/sliced.mjs";

// spoolctl in an environment of its own, so that nothing saved counts.
function ctl(shop, ...words) {
  return run("spoolctl", words, {
    HOME: shop.place, XDG_CONFIG_HOME: shop.place,
    SPOOLD_SERVER: shop.url, SPOOLD_TOKEN: shop.token ?? "",
  });
}

async function json(shop, ...words) {
  const { status, output, stdout } = await ctl(shop, "--json", ...words);
  assert.equal(status, 0, output);
  return JSON.parse(stdout);
}

test("spoolctl sets a new server up, and what it saves is used from then on", async () => {
  const shop = Shop.make();
  await shop.start();
  const code = fs.readFileSync(path.join(shop.data, "setup-code"), "utf8").trim();
  const { token } = await json(shop, "setup", `code=${code}`,
    "email=ann@example.com", "password=correct horse");
  shop.token = token;
  const saved = await ctl(shop, "save");
  assert.equal(saved.status, 0, saved.output);
  const settings = { HOME: shop.place, XDG_CONFIG_HOME: shop.place,
    SPOOLD_SERVER: "", SPOOLD_TOKEN: "" };
  const listed = await run("spoolctl", ["--json", "printers.list"], settings);
  assert.equal(listed.status, 0, listed.output);
  assert.deepEqual(JSON.parse(listed.output), []);
  assert.equal((await run("spoolctl", ["forget"], settings)).status, 0);
  assert.notEqual((await run("spoolctl", ["--json", "printers.list"], settings)).status, 0);
  await shop.close();
});

test("spoolctl uploads a file, orders a print, follows it and shows it", async () => {
  await inShop(["P1S"], {}, async (shop, sim, [printer]) => {
    const follower = new Program("spoolctl", ["--follow", "--json", "events", "topic=print.*"], {
      HOME: shop.place, SPOOLD_SERVER: shop.url, SPOOLD_TOKEN: shop.token,
    });
    await until(async () => {
      const metrics = (await shop.call("GET", "/metrics")).text;
      return /spoold_http_streams 1/.test(metrics);
    }, 10, "the follower follows");
    const file = path.join(shop.place, "bracket.gcode.3mf");
    fs.writeFileSync(file, sliced());
    const kept = await json(shop, "files.create", `@${file}`);
    assert.equal(kept.name, "bracket.gcode.3mf");
    const job = await json(shop, "jobs.create", `file_id=${kept.id}`,
      `printer_id=${printer.id}`, "plate=1", "job_name=Left bracket");
    await follower.says(/"print\.completed"/, 40);
    await follower.end("SIGINT");
    const told = follower.output.trim().split("\n").map((line) => JSON.parse(line).topic);
    assert.deepEqual(told, ["print.started", "print.completed"]);

    assert.equal((await json(shop, "jobs.get", `${job.id}`)).status, "completed");
    const table = await ctl(shop, "jobs.list");
    assert.equal(table.status, 0);
    assert.match(table.output, /Left bracket/);
    assert.match(table.output, /completed/);
    assert.ok(!table.output.includes("{"), "a table is no JSON");
    const [listed] = await json(shop, "jobs.list", "status=completed");
    assert.equal(listed.id, job.id);
    assert.deepEqual(await json(shop, "jobs.list", "status=failed"), []);
    assert.equal((await json(shop, "printers.plate_cleared", `${printer.id}`)).plate_clear, true);
  });
});

test("spoolctl tells by its exit status who is to blame", async () => {
  const shop = Shop.make();
  await shop.open();
  for (const [status, pattern, ...words] of [
    [1, /999/, "jobs.get", "999"],
    [1, /job_name/, "jobs.create", "notes=nothing"],
    [2, /jobs\.list/, "jobs.lst"],
    [1, /colour/, "jobs.create", "colour=red"],
    [2, /id/, "jobs.get"],
    [2, /no-such-file/, "files.create", "@no-such-file"],
    [0, /jobs\.create/, "help", "jobs.create"],
    [0, /printers\.list/, "help"],
  ]) {
    const ended = await ctl(shop, ...words);
    assert.equal(ended.status, status, `${words.join(" ")}: ${ended.output}`);
    assert.match(ended.output, pattern);
  }
  const stranger = Object.assign(Object.create(shop), { token: "wrong" });
  const refused = await ctl(stranger, "jobs.list");
  assert.equal(refused.status, 1, refused.output);
  assert.match(refused.output, /token/);
  const nobody = Object.assign(Object.create(shop), { url: `http://${home}:1` });
  const silent = await ctl(nobody, "jobs.list");
  assert.equal(silent.status, 3, silent.output);
  await shop.close();
});
