// The shop's own rules: real Lua in the real process, against the real API.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync, mkdirSync } from "node:fs";
import path from "node:path";
import { it } from "node:test";
import { until } from "./help/process.mjs";
import { Shop } from "./help/shop.mjs";

function make() {
  const shop = Shop.make();
  shop.rules = path.join(shop.place, "rules");
  mkdirSync(shop.rules);
  shop.configure({ rules_folder: shop.rules });
  return shop;
}

// The rules process of this spoold.
function processOf(shop) {
  const of = (pid) => {
    try {
      const [, name, ppid] = readFileSync(`/proc/${pid}/stat`, "utf8")
        .match(/\((.*)\) \S (\d+)/);
      return name === "spoold-rules" && Number(ppid) === shop.program.child.pid;
    } catch { return false; }
  };
  return Number(readdirSync("/proc").find((pid) => /^\d+$/.test(pid) && of(pid)));
}

const lines = async (shop, name) =>
  (await shop.get(`/api/rules/${name}/log`)).map((l) => l.text);
const works = (shop, name) => until(async () =>
  (await shop.call("GET", `/api/rules/${name}`)).body.loaded, 30, `${name} is at work`);
const raise = (shop, title) =>
  shop.ok(201, "POST", "/api/alerts/trigger", { title });

it("runs rules of both kinds, whichever process dies", async () => {
  const shop = make();
  await shop.open();
  writeFileSync(path.join(shop.rules, "count.lua"),
    "-- role: viewer\n" +
    "on('alert.raised', function(e)\n" +
    "  state.n = (state.n or 0) + 1\n" +
    "  log(state.n, e.data.title, #shop.printers.list{})\n" +
    "end)\n");
  await shop.ok(201, "POST", "/api/rules", {
    name: "shelf",
    source: "on('alert.raised', function(e)\n" +
      "  shop.spools.create{ material = 'PLA', color = '#FF0000', vendor = e.data.title,\n" +
      "    net_grams = 1000 }\nend)",
  });
  await works(shop, "count");
  await works(shop, "shelf");
  await raise(shop, "one");
  await until(async () => (await lines(shop, "count")).includes("1 one 0"), 30, "one");
  await until(async () => (await shop.get("/api/rules/shelf")).runs === 1, 30, "shelf ran");
  assert.equal((await shop.get("/api/rules/shelf")).last_error, null);
  assert.equal((await shop.get("/api/spools")).length, 1);

  // The rules process dies while it is told, and nobody else minds.
  process.kill(processOf(shop), "SIGSTOP");
  await raise(shop, "two");
  process.kill(processOf(shop), "SIGKILL");
  await until(async () => (await lines(shop, "count")).includes("2 two 0"), 30, "two");

  // spoold dies; what happened last is told again or was told: not lost.
  await raise(shop, "three");
  await shop.kill();
  await shop.start();
  await works(shop, "count");
  await raise(shop, "four");
  await until(async () => (await lines(shop, "count")).some((l) => l.includes("four")),
    30, "four");
  await until(async () => (await shop.get("/api/spools")).length >= 4, 30, "four spools");
  const titles = (await shop.get("/api/spools")).length;
  assert.ok(titles <= 5, `told at most once more: ${titles}`);
  await shop.close();
});

it("keeps serving while a rule loops, and switches it off", async () => {
  const shop = make();
  await shop.open();
  await shop.ok(201, "POST", "/api/rules", {
    name: "bad", source: "on('alert.raised', function() " +
      "return ('a'):rep(30):find('^' .. ('a?'):rep(30) .. ('a'):rep(30) .. '$') end)",
  });
  await works(shop, "bad");
  for (let i = 0; i < 3; i++) {
    await raise(shop, `${i}`);
    await until(async () => (await shop.get("/api/rules/bad")).offences > i, 30, `offence ${i}`);
    assert.equal((await shop.call("GET", "/api/health")).status, 200);
  }
  const bad = await shop.get("/api/rules/bad");
  assert.match(bad.switched_off, /too long/);
  const refused = await shop.call("POST", "/api/rules", { name: "x", source: "oh no" });
  assert.equal(refused.status, 422);
  assert.match(refused.body.error, /^line 1: /);
  await shop.close();
});

it("takes every example of the guide", async () => {
  const guide = readFileSync(new URL("../../lua/README.md", import.meta.url), "utf8");
  const examples = [...guide.matchAll(/```lua\n([^]*?)```/g)].map((m) => m[1]);
  const shop = make();
  await shop.open();
  assert.ok(examples.length >= 5);
  for (const [i, example] of examples.entries()) {
    // A job that a person calls failed has the same record, and no printer.
    const source = example.replaceAll("print.failed", "job.failed");
    await shop.ok(201, "POST", "/api/rules", { name: `example-${i}`, source });
    await works(shop, `example-${i}`);
  }
  // One that is told, with what a print that failed says: nothing goes wrong.
  const job = await shop.ok(201, "POST", "/api/bambu/scheduled-prints", { job_name: "cup" });
  for (const status of ["started", "failed"])
    await shop.ok(200, "PUT", `/api/bambu/scheduled-prints/${job.id}`, { status });
  await until(async () => (await shop.get("/api/rules")).filter((r) =>
    r.hooks.includes("job.failed")).every((r) => r.runs === 1), 30, "all were told");
  for (const rule of await shop.get("/api/rules"))
    assert.equal(rule.last_error, null, rule.source);
  await shop.close();
});
