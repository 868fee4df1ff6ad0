// What happens to a print, on every model: one row a story, each on a printer
// of its own in one shop.  Each row says how the job ends, what became of its
// attempts and of the starts that the printer saw, which events told of it, and
// what was taken from which slot, at what cost.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Events } from "./help/events.mjs";
import { until } from "./help/process.mjs";
import { Shop } from "./help/shop.mjs";
import { Simulator, firstSlot } from "./help/simulator.mjs";
import { BLACK_PLA, sliced } from "./help/sliced.mjs";

const PATIENCE = 240; // seconds; all of it happens at once, on a busy machine
const COST_PER_KG = 25;
const GRAMS = BLACK_PLA.grams;

const done = ["job.created", "attempt.claimed", "attempt.uploaded", "attempt.starting",
  "attempt.printing", "attempt.finished"];
const twiceRefused = ["attempt.starting", "attempt.refused", "attempt.starting",
  "attempt.refused"];
const whole = { ends: "completed", outcomes: ["finished"], starts: ["finished"],
  grams: GRAMS, events: done };

const refill = (w) => w.sim.act(w.printer, "tray", { slot: w.slot, remain: 100 });
const resume = (w) =>
  w.shop.ok(200, "POST", `/api/printers/${w.printer.id}/resume`);
const pause = (w) => w.shop.ok(200, "POST", `/api/printers/${w.printer.id}/pause`);
const fault = (name, members) => (w) => w.sim.fault(w.printer, name, members);
const sees = (w, judge, what) => w.shop.sees(w.printer.id, judge, what, PATIENCE);

// A print that is long enough for something to happen in it.
const long = (w) => w.sim.act(w.printer, "print-size", { seconds: 3000 });

async function stopped(w, job) {
  await w.shop.reaches(job.id, "printing", PATIENCE);
  await sees(w, (s) => s.state === "printing" && s.progress_pct >= 2, "under way");
  assert.equal((await w.shop.cancel(job.id, true)).status, 200);
}
const stop = { before: [long], during: stopped, ends: "cancelled",
  outcomes: ["cancelled"], starts: ["stopped"], grams: "some",
  events: ["attempt.printing", "attempt.stop_wanted", "spool.entry",
    "attempt.cancelled"] };

const half = { before: [fault("fail-print", { percent: 50, code: "0300_8003" })],
  ends: "failed", outcomes: ["failed"], starts: ["failed"], grams: "half",
  reason: /spaghetti|0300_8003/, events: ["attempt.printing", "attempt.failed"] };

const refused = { before: [fault("refuse-start", { times: -1, reason: "not today" })],
  ends: "failed", outcomes: ["refused", "refused"], starts: ["refused", "refused"],
  grams: 0, reason: /not today/, events: twiceRefused };

const unsigned = { before: [fault("verify-failed", { times: -1 })], ends: "failed",
  starts: [], outcomes: ["refused", "refused"], grams: 0, reason: /Developer Mode/,
  events: twiceRefused };

const runout = { ...whole, before: [fault("filament-runout", { percent: 40 })],
  during: async (w, job) => {
    await w.shop.reaches(job.id, "paused", PATIENCE);
    const shown = await sees(w, (s) => s.error, "out of filament");
    assert.match(shown.error.text, /run out/);
    await refill(w);
    await resume(w);
  } };

const paused = { ...whole, before: [long], during: async (w, job) => {
  await w.shop.reaches(job.id, "printing", PATIENCE);
  await sees(w, (s) => s.state === "printing", "printing");
  await pause(w);
  await w.shop.reaches(job.id, "paused", PATIENCE);
  await resume(w);
  await w.shop.reaches(job.id, "printing", PATIENCE);
  await w.sim.act(w.printer, "finish-now");
} };

const broken = (name, members) => ({ ...whole, before: [long],
  during: async (w, job) => {
    await w.shop.reaches(job.id, "printing", PATIENCE);
    await w.sim.fault(w.printer, name, members);
    await sees(w, (s) => s.connection === "connected", "back");
    await w.shop.reaches(job.id, "printing", PATIENCE);
    await w.sim.act(w.printer, "finish-now");
  } });

// Nonsense in the reports of a print changes nothing about it.
const disturbed = (name, members) => ({ ...whole,
  during: async (w, job) => {
    await w.shop.reaches(job.id, "printing", PATIENCE);
    await w.sim.fault(w.printer, name, members);
  } });

// Other filament than the usual, from another place.
const from = (slot, filament, more = {}) => ({ ...whole, slot, filament,
  before: [async (w) => {
    if (more.units) await w.sim.act(w.printer, "units", { units: more.units });
    await w.sim.act(w.printer, "tray", { slot: more.simSlot ?? slot, present: true,
      type: filament.type, color: `${filament.color.slice(1)}FF`, remain: 100 });
    await sees(w, (s) => s.slots.some((t) => t.slot === slot && t.loaded &&
      t.material_type === filament.type && t.color === filament.color), "loaded");
    await w.state(slot);
  }],
  during: async (w) => {
    if (more.active !== undefined)
      await sees(w, (s) => s.active_slot === more.active, `at slot ${more.active}`);
  },
  grams: filament.grams });

const TPU = { id: 1, type: "TPU", color: "#123456", grams: 9.5 };
const PA = { id: 1, type: "PA-CF", color: "#654321", grams: 31.25 };
const ASA = { id: 1, type: "ASA", color: "#0A0B0C", grams: 18.75 };

const models = ["P1P", "P1S", "A1", "A1 mini", "A2L", "X1", "X1C", "X1E", "P2S", "X2D",
  "H2S", "H2C", "H2D", "H2D Pro"];
const on = (list, says, story) =>
  list.map((model) => ({
    model, says: `${/^[AHX]/.test(model) ? "an" : "a"} ${model} ${says}`, ...story }));

const stories = [
  ...on(models, "prints, and is credited", whole),
  ...on(["P1S", "A1 mini", "X1C", "P2S", "H2D"], "is stopped for its share", stop),
  ...on(["P1S", "A1", "X1E", "P2S", "H2S", "H2D"], "fails half-way, at half the filament", half),
  ...on(["P1P", "A1", "X1C", "H2C"], "refuses twice", refused),
  ...on(["P1S", "P2S", "H2D"], "wants Developer Mode", unsigned),
  ...on(["P1S", "X1C", "H2D"], "runs out of filament, is refilled and goes on", runout),
  ...on(["A1", "X1", "X2D"], "is paused and resumed", paused),
  ...on(["P1S", "X1C", "H2S"], "loses its line in a print", broken("drop-connection")),
  ...on(["P1S", "H2D"], "loses its line right behind the start",
    { ...whole, before: [fault("drop-after-start")] }),
  ...on(["A1 mini", "P2S"], "does not acknowledge its start",
    { ...whole, before: [fault("no-ack")] }),
  ...on(["P1S", "P2S"], "is spoken to in nonsense", disturbed("odd-report", { times: 5 })),
  ...on(["A2L", "X1C"], "breaks off its reports", disturbed("garbage-report", { times: 5 })),
  ...on(["P1P", "H2D Pro"], "reports late, and out of order",
    disturbed("old-report", { times: 5 })),
  ...on(["P1S"], "sends a megabyte", disturbed("huge-report")),
  ...on(["H2C"], "floods", disturbed("flood", { count: 300 })),
  ...on(["P1S", "X1C", "H2D"], "cuts an upload, and gets it again",
    { ...whole, before: [fault("cut-upload", { bytes: 900 })] }),
  ...on(["A1"], "takes files in the clear only",
    { ...whole, before: [fault("clear-data-only", { times: -1 })] }),
  { model: "P1S", says: "a P1S prints from its external spool", ...from(254, TPU) },
  { model: "P2S", says: "a P2S prints from its external spool",
    ...from(254, TPU, { active: 254 }) },
  { model: "H2S", says: "an H2S prints from its external spool, and calls it 0",
    ...from(254, TPU, { active: 254 }) },
  { model: "H2D", says: "an H2D prints from the left of two external spools",
    ...from(254, TPU, { simSlot: 253, active: 254 }) },
  { model: "X2D", says: "an X2D prints from the right of two external spools",
    ...from(255, TPU, { simSlot: 254, active: 255 }) },
  { model: "H2D", says: "an H2D prints from an AMS HT",
    ...from(128, PA, { active: 128 }) },
  { model: "X1C", says: "an X1C prints from an AMS HT",
    ...from(128, PA, { units: "ams,ht", active: 128 }) },
  { model: "H2D", says: "an H2D prints with its left nozzle from the second unit",
    ...from(6, ASA, { active: 6 }) },
  { model: "P1S", says: "a P1S prints from its third unit",
    ...from(9, ASA, { units: "ams,ams,ams2pro", active: 9 }) },
];

let sim, shop, events;

before(async () => {
  sim = await Simulator.start(stories.map((s) => s.model),
    { speed: 120, "print-seconds": 600, "report-ms": 500 });
  shop = Shop.make();
  await shop.start();
  await shop.setUp();
  events = await Events.follow(shop);
  for (const [i, printer] of sim.printers.entries())
    await shop.addPrinter(printer, { name: `${printer.model} no. ${i + 1}` });
  await shop.connected(PATIENCE);
});

after(async () => {
  try {
    await events?.stop();
    await shop?.close();
    await sim?.end();
  } finally {
    shop?.program?.child.kill("SIGKILL");
    sim?.program?.child.kill("SIGKILL");
  }
});

const material = async (printer, slot) =>
  (await shop.get(`/api/bambu/materials/${printer.id}`)).find((m) => m.slot === slot);

// A full spool of known cost in this slot.
async function state(printer, slot) {
  const row = await until(() => material(printer, slot), PATIENCE, `slot ${slot}`);
  await shop.ok(200, "PUT", `/api/bambu/materials/${row.id}`,
    { weight_grams: 1000, remaining_grams: 1000, cost_per_kg: COST_PER_KG });
}

const close = (a, b) => Math.abs(a - b) < 0.0015;

function judgeGrams(story, attempts) {
  const used = attempts.reduce((sum, a) => sum + (a.grams ?? 0), 0);
  const all = story.filament?.grams ?? GRAMS;
  if (story.grams === "half") // by the progress that was told last
    assert.ok(used > all * 0.35 && used <= all * 0.501, `${used} of ${all} g`);
  else if (story.grams === "some")
    assert.ok(used > 0 && used < all, `${used} of ${all} g`);
  else
    assert.ok(close(used, story.grams), `${used} g instead of ${story.grams}`);
  return used;
}

const topicsOf = (job) => events.seen
  .filter((e) => e.data?.id === job.id && e.topic.startsWith("job.") ||
    e.data?.job_id === job.id).map((e) => e.topic);

async function live(story, printer) {
  const slot = story.slot ?? firstSlot(story.model);
  const w = { shop, sim, printer, slot, state: (at) => state(printer, at) };
  if (story.slot === undefined) await state(printer, slot);
  for (const step of story.before ?? []) await step(w);
  const job = await shop.order(sliced({
    model: story.model, bytes: 2000,
    plates: [{ index: 1, filaments: [story.filament ?? BLACK_PLA] }],
  }), { printer_id: printer.id });
  await story.during?.(w, job);
  const end = await shop.reaches(job.id, story.ends, PATIENCE);
  if (story.reason) assert.match(end.failed_reason, story.reason);

  const attempts = await shop.attempts(job.id);
  assert.deepEqual(attempts.map((a) => a.outcome), story.outcomes);
  assert.deepEqual((await sim.starts(printer)).map((s) => s.outcome), story.starts);
  const used = judgeGrams(story, attempts);
  const left = await material(printer, slot);
  assert.ok(close(left.remaining_grams, 1000 - used),
    `${left.remaining_grams} g are left of 1000, ${used} used`);
  if (used > 0) {
    assert.ok(close(attempts[0].cost, (used * COST_PER_KG) / 1000), `${attempts[0].cost}`);
    assert.equal(attempts[0].feeds[0].slot, slot);
  }
  let at = 0;
  await until(() => {
    at = 0;
    for (const topic of topicsOf(job)) at += topic === story.events[at] ? 1 : 0;
    return at === story.events.length;
  }, 30, "").catch(() => assert.fail(
    `no ${story.events[at]} in its turn: ${topicsOf(job).join(" ")}`));
}

describe("stories of prints", { concurrency: 16 }, () => {
  for (const [i, story] of stories.entries())
    test(story.says, () => live(story, shop.printers[i]));
  test("there are at least sixty of them", () => assert.ok(stories.length >= 60));
});
