// spoold is killed at every arrow of the start protocol, and at random: each
// job is printed, and none is started twice.
import assert from "node:assert/strict";
import fs from "node:fs";
import { after, describe, test } from "node:test";
import { until } from "./help/process.mjs";
import { Shop, inShop } from "./help/shop.mjs";
import { sliced } from "./help/sliced.mjs";
import { Simulator } from "./help/simulator.mjs";

const rows = [];
const note = (...row) => rows.push(row);

// An X1C gives whole reports every five seconds, so that three of them against
// a start are not long in coming.
const fleet = ["X1C"];
const model = "X1C";

// Kill it at the point, start it again without, and see the job to its end.
async function dieAt(point, {
  before, ordered, again, wanted = "completed", sent = 1, began = 1,
} = {}) {
  const sim = await Simulator.start(fleet);
  const shop = Shop.make();
  try {
    await shop.open(sim);
    const [printer] = shop.printers;
    const world = { shop, sim, printer };
    const file = await shop.upload(sliced({ model }));
    await before?.({ ...world, file });
    await shop.stop();

    await startToDie(shop, point);
    const dying = shop.program;
    const { id } = await placeOrder(shop, file, printer);
    // It may die while it is asked; if it does not, that was a mistake.
    await ordered?.({ ...world, id }).catch((error) =>
      until(() => dying.status !== undefined, 10, error.message));
    await until(() => dying.status !== undefined, 40, `spoold dies at ${point}`);
    assert.equal(dying.status, "SIGKILL", dying.output);
    shop.judge(dying);

    if (dying === shop.program) await shop.start();
    await again?.({ ...world, id });
    const job = await shop.reaches(id, wanted, 60);
    const starts = await sim.starts(printer);
    note(point, job.status, job.phase, starts.length);
    assert.equal(starts.length, sent, JSON.stringify(starts));
    assert.equal(starts.filter((s) => s.began).length, began, JSON.stringify(starts));
    await shop.close();
    await sim.end();
  } finally {
    shop.program?.child.kill("SIGKILL");
    sim.program.child.kill("SIGKILL");
  }
}

// A start commits too: it may die before it listens.
async function startToDie(shop, point) {
  const ready = shop.start({ SPOOLD_CRASH: point });
  await ready.catch((error) => {
    if (shop.program.status !== "SIGKILL") throw error;
  });
}

// It may die before it answers: then what it has kept counts.
async function placeOrder(shop, file, printer) {
  try {
    return await shop.order(file, { printer_id: printer.id });
  } catch (error) {
    if (error.name === "AssertionError") throw error;
  }
  await until(() => shop.program.status !== undefined, 10, "spoold died");
  shop.judge();
  await shop.start();
  const jobs = await shop.get("/api/jobs");
  return jobs[0] ?? shop.order(file, { printer_id: printer.id });
}

async function dieAtUpload(point) {
  await inShop(fleet, {}, async (shop, sim, [printer]) => {
    const bytes = sliced({ model });
    await shop.stop();
    await shop.start({ SPOOLD_CRASH: point });
    await assert.rejects(shop.upload(bytes));
    await until(() => shop.program.status === "SIGKILL", 10, `it dies at ${point}`);
    await shop.check();
    await shop.start();
    const files = await shop.get("/api/files");
    assert.equal(files.length, point === "file.created.after" ? 1 : 0);
    const job = await shop.order(bytes, { printer_id: printer.id });
    await shop.reaches(job.id, "completed");
    note(point, "completed", "done", (await sim.starts(printer)).length);
  });
}

// Its key and its set-up code are files: half of one is none.
async function dieAtFirstStart(point) {
  await inShop(fleet, {}, async (shop) => {
    await shop.stop();
    fs.rmSync(shop.data, { recursive: true });
    fs.rmSync(`${shop.data}.key`);
    await startToDie(shop, point);
    await until(() => shop.program.status === "SIGKILL", 10, `it dies at ${point}`);
    await shop.start();
    await shop.setUp();
    note(point, "set up", "", 0);
  });
}

async function printOne(shop, printer, file) {
  const { id } = await shop.order(file, { printer_id: printer.id });
  await shop.reaches(id, "completed");
  await shop.clear(printer.id);
}

// So that a word to the printer comes in time, however busy this machine is.
const printLonger = ({ sim, printer }) =>
  sim.act(printer, "print-size", { seconds: 6000 }); // twenty of ours

async function pauseAndResume(shop, printer, id) {
  await shop.reaches(id, "printing");
  await shop.call("POST", `/api/printers/${printer.id}/pause`);
  await shop.reaches(id, "paused");
  await shop.call("POST", `/api/printers/${printer.id}/resume`);
}

// The one that was killed may have said it already.
async function resume(shop, printer) {
  await shop.connected();
  await shop.call("POST", `/api/printers/${printer.id}/resume`);
}

// mulberry32: small, and the same numbers everywhere.
function dice(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// A person takes off what lies on a printer at rest.
async function tidy(shop, sim) {
  for (const printer of shop.printers) {
    const { state } = await sim.see(printer);
    const { plate_clear } = await shop.status(printer.id);
    if (state === "FINISH" && !plate_clear) await shop.clear(printer.id);
  }
}

async function dieAtRandom(seed, kills) {
  const roll = dice(seed);
  await inShop(["X1C", "X1C", "X1C"], {}, async (shop, sim) => {
    const file = await shop.upload(sliced({ model }));
    await Promise.all(shop.printers.map((printer) => printOne(shop, printer, file)));
    const ids = [];
    for (let i = 0; i < 10; i++) ids.push((await shop.order(file)).id);
    for (let i = 0; i < kills; i++) {
      const due = Date.now() + roll() * 2000;
      await until(async () => {
        await tidy(shop, sim);
        return Date.now() > due;
      }, 30, "a moment to die at");
      await shop.kill();
      await shop.check();
      await shop.start();
    }
    await until(async () => {
      await tidy(shop, sim);
      const jobs = await shop.get("/api/jobs");
      return jobs.every((job) => job.status === "completed");
    }, 120, "all ten are completed");
    const starts = (await Promise.all(shop.printers.map((p) => sim.starts(p)))).flat();
    const attempts = await shop.get("/api/attempts?limit=1000");
    for (const id of ids) {
      const submissions = attempts.filter((a) => a.job_id === id).map((a) => a.submission);
      const begun = starts.filter((s) => s.began && submissions.includes(s.subtask_id));
      assert.equal(begun.length, 1, `job ${id}: ${JSON.stringify(begun)}`);
    }
    const sent = starts.map((s) => s.subtask_id);
    assert.equal(new Set(sent).size, sent.length, "no submission was sent twice");
    note(`random, seed ${seed}`, "completed", "done", starts.length);
  });
}

after(() => {
  rows.sort();
  for (const [point, status, phase, starts] of rows)
    console.log(`# ${point.padEnd(26)} ${status.padEnd(10)} ${phase.padEnd(8)} ` +
      `${starts} start${starts === 1 ? "" : "s"}`);
});

describe("killed at a named place, it prints the job exactly once:", { concurrency: 4 }, () => {
  const died = new Set();
  const at = (place, run) => {
    died.add(place.replace(/\.(before|after)$/, ""));
    test(place, () => run(place));
  };

  at("attempt.dropped.after", (place) => dieAt(place, {
    // The upload fails three times, which takes longest.
    before: ({ sim, printer }) => sim.fault(printer, "full-storage", { times: 3 }),
  }));

  // What is not yet committed is as after the commit before it.
  const road = [
    "call.write.after", "printer.note.after", "store.commit.before", "store.commit.after",
    "attempt.claimed.before", "attempt.claimed.after", "job.uploading.after",
    "upload.publish.after", "attempt.uploaded.after",
    "attempt.starting.before", "attempt.printing.before", "attempt.printing.after",
    "attempt.finished.before", "attempt.finished.after",
  ];
  for (const place of road) at(place, dieAt);

  // Nothing was sent, or it did not leave the house: the printer shows it by
  // naming its last print still.
  for (const place of ["attempt.starting.after", "start.publish.before", "start.publish.after"])
    at(place, () => dieAt(place, {
      before: ({ shop, printer, file }) => printOne(shop, printer, file),
      sent: 2, began: 2,
    }));

  at("attempt.failed.after", (place) => dieAt(place, {
    before: ({ sim, printer }) => sim.fault(printer, "fail-print"),
    wanted: "failed",
  }));

  for (const place of ["attempt.cancelled.after", "stop.publish.before", "stop.publish.after"])
    at(place, () => dieAt(place, {
      before: printLonger,
      ordered: async ({ shop, id }) => {
        await shop.reaches(id, "printing");
        await shop.cancel(id, true);
      },
      wanted: "cancelled",
    }));

  for (const place of ["print.paused.after", "print.resumed.after"])
    at(place, () => dieAt(place, {
      before: printLonger,
      ordered: ({ shop, printer, id }) => pauseAndResume(shop, printer, id),
      again: ({ shop, printer }) => resume(shop, printer),
    }));

  at("attempt.refused.after", (place) => dieAt(place, {
    before: ({ sim, printer }) => sim.fault(printer, "refuse-start", { times: 2 }),
    wanted: "failed", sent: 2, began: 0, // one new attempt, refused like the first
  }));

  at("attempt.unknown.after", (place) => dieAt(place, {
    // The printer loses the print, and forgets that there was one.
    ordered: async ({ shop, sim, printer, id }) => {
      await shop.reaches(id, "printing");
      await sim.act(printer, "reboot", { seconds: 30, after: "idle" });
    },
    wanted: "unknown",
  }));

  for (const place of ["blob.rename", "file.created"]) {
    at(`${place}.before`, dieAtUpload);
    at(`${place}.after`, dieAtUpload);
  }
  at("file.rename.before", dieAtFirstStart);
  at("file.rename.after", dieAtFirstStart);

  test("there is no other place", () => {
    const source = fs.readFileSync(new URL("../../core/base/crash.c", import.meta.url), "utf8");
    const places = [...source.matchAll(/^ {4}"([\w.]+)",$/gm)].map(([, place]) => place);
    assert.deepEqual([...died].sort(), places.sort());
  });
});

describe("killed at random, it prints each of ten jobs exactly once:", () => {
  const seed = Number(process.env.SPOOLD_SEED ?? Date.now() % 1_000_000);
  const runs = process.env.SPOOLD_LONG ? 10 : 1;
  for (let run = 0; run < runs; run++)
    test(`seed ${seed + run}`, () => dieAtRandom(seed + run, 12));
});
