// The main road: a sliced file becomes a finished print.
import assert from "node:assert/strict";
import test from "node:test";
import { Events } from "./help/events.mjs";
import { until } from "./help/process.mjs";
import { inShop } from "./help/shop.mjs";
import { BLACK_PLA, sha256, sliced } from "./help/sliced.mjs";

const RED_PLA = { id: 3, type: "PLA", color: "#C12E1F", grams: 5.5 };
const BLACK_PETG = { id: 2, type: "PETG", color: "#000000", grams: 7.25 };

async function gramsLeft(shop, printer) {
  const materials = await shop.get(`/api/bambu/materials/${printer.id}`);
  return Object.fromEntries(materials.map((m) => [m.slot, m.remaining_grams]));
}

test("a sliced file becomes a finished print, and its journal tells how", async () => {
  await inShop(["P1S"], {}, async (shop, sim, [printer]) => {
    const first = await Events.follow(shop);
    const bytes = sliced();
    const file = await shop.upload(bytes, "bracket.gcode.3mf");
    assert.equal(file.sha256, sha256(bytes));
    const job = await shop.order(file, { printer_id: printer.id });
    assert.deepEqual([job.status, job.phase], ["queued", "waiting"]);
    assert.equal(job.job_name, "bracket.gcode.3mf");

    // The line breaks in the middle, and the client comes back.
    await first.comes("print.started");
    assert.equal((await shop.job(job.id)).status, "started");
    await first.stop();
    const second = await Events.follow(shop, { after: first.seen.at(-1).id });
    await second.comes("print.completed");
    await second.stop();

    const seen = [...first.seen, ...second.seen];
    seen.forEach((e, i) => assert.equal(e.id, seen[0].id + i, "a gap"));
    const told = seen.map((e) => e.topic)
      .filter((topic) => /^(file|job|attempt|print)\./.test(topic));
    assert.deepEqual(told, [
      "file.created", "job.created",
      "attempt.claimed", "job.claimed", "job.uploading", "attempt.uploaded", "job.uploaded",
      "attempt.starting", "job.starting", "attempt.printing", "print.started",
      "attempt.finished", "print.completed",
    ]);
    const phases = seen.filter((e) => /^(job|print)\./.test(e.topic))
      .map((e) => `${e.data.status} ${e.data.phase}`);
    assert.deepEqual(phases, [
      "queued waiting", "queued claimed", "queued uploading", "queued uploaded", "queued starting",
      "started printing", "completed done",
    ]);

    const done = await shop.job(job.id);
    assert.equal(done.failed_reason, null);
    assert.ok(done.started_at <= done.completed_at);
    const [attempt, ...others] = await shop.attempts(job.id);
    assert.deepEqual(others, []);
    assert.deepEqual([attempt.step, attempt.outcome], ["ended", "finished"]);
    assert.equal(attempt.grams, BLACK_PLA.grams);
    assert.deepEqual(attempt.feeds, [{ filament: 1, slot: 0, grams: 12.34 }]);
    assert.equal((await gramsLeft(shop, printer))[0], 1000 - 12.34);

    const [start, ...more] = await sim.starts(printer);
    assert.deepEqual(more, []);
    assert.deepEqual(
      { sha256: start.sha256, plate: start.plate, mapping: start.ams_mapping,
        id: start.subtask_id, outcome: start.outcome },
      { sha256: sha256(bytes), plate: 1, mapping: "[0]",
        id: attempt.submission, outcome: "finished" });
  });
});

test("the next job waits until the plate is cleared", async () => {
  await inShop(["P1S"], {}, async (shop, sim, [printer]) => {
    const file = await shop.upload(sliced());
    const first = await shop.order(file, { printer_id: printer.id });
    const second = await shop.order(file, { printer_id: printer.id });
    await shop.reaches(first.id, "completed");
    assert.equal((await shop.status(printer.id)).plate_clear, false);

    // Many reports later it still waits.
    const { reported } = await sim.see(printer);
    await sim.act(printer, "tray", { slot: 1, present: false });
    await shop.sees(printer.id, (s) => s.slots.some((t) => t.slot === 1 && !t.loaded),
      "without a second spool");
    assert.equal((await shop.job(second.id)).phase, "waiting", reported);
    assert.equal((await sim.starts(printer)).length, 1);

    await shop.clear(printer.id);
    await shop.reaches(second.id, "completed");
    assert.equal((await sim.starts(printer)).length, 2);
  });
});

test("a plate of many, in several colours, is taken from the slots that hold them", async () => {
  await inShop(["P1S"], {}, async (shop, sim, [printer]) => {
    const file = await shop.upload(sliced({ plates: [
      { index: 1 },
      { index: 2, filaments: [RED_PLA, { ...BLACK_PETG }, BLACK_PLA] },
    ] }));
    assert.deepEqual(file.plates.map((p) => [p.index, p.printer_model]),
      [[1, "P1S"], [2, "P1S"]]);
    const job = await shop.order(file, { printer_id: printer.id, plate: 2 });
    await shop.reaches(job.id, "completed");
    const [start] = await sim.starts(printer);
    assert.equal(start.plate, 2);
    assert.equal(start.ams_mapping, "[0,2,3]");
    assert.deepEqual(await gramsLeft(shop, printer),
      { 0: 987.66, 1: 1000, 2: 992.75, 3: 994.5 });
    assert.equal((await shop.attempts(job.id))[0].grams, 25.09);
  });
});

for (const model of ["X1C", "A1 mini"])
  test(`an ${model} prints, too`, async () => {
    await inShop([model], {}, async (shop, sim, [printer]) => {
      const job = await shop.order(sliced({ model }), { printer_id: printer.id });
      await shop.reaches(job.id, "completed");
      const starts = await sim.starts(printer);
      assert.deepEqual(starts.map((s) => s.outcome), ["finished"]);
    });
  });

test("a job for any printer goes to one of the model it was sliced for", async () => {
  await inShop(["P1S", "X1C"], {}, async (shop, sim, [p1s, x1c]) => {
    const job = await shop.order(sliced({ model: "X1C" }));
    await shop.reaches(job.id, "completed");
    assert.equal((await shop.attempts(job.id))[0].printer_id, x1c.id);
    assert.equal((await sim.starts(p1s)).length, 0);
    assert.equal((await sim.starts(x1c)).length, 1);
  });
});

test("two copies are printed one after the other", async () => {
  await inShop(["P1S"], {}, async (shop, sim, [printer]) => {
    const job = await shop.order(sliced(), { printer_id: printer.id, copies: 2 });
    await until(async () => (await shop.job(job.id)).copies_done === 1, 30, "one copy");
    assert.deepEqual([(await shop.job(job.id)).status, (await sim.starts(printer)).length],
      ["queued", 1]);
    await shop.clear(printer.id);
    const done = await shop.reaches(job.id, "completed");
    assert.equal(done.copies_done, 2);
    const attempts = await shop.attempts(job.id);
    assert.deepEqual(attempts.map((a) => a.outcome), ["finished", "finished"]);
    assert.notEqual(attempts[0].submission, attempts[1].submission);
    assert.equal((await sim.starts(printer)).length, 2);
  });
});

test("a print is paused, resumed and lit", async () => {
  await inShop(["P1S"], {}, async (shop, sim, [printer]) => {
    const job = await shop.order(sliced(), { printer_id: printer.id });
    // While it prepares, a printer refuses to pause.
    await shop.sees(printer.id, (s) => s.state === "printing", "at work");
    await sim.speed(10); // so that it is not over before we are done
    await shop.reaches(job.id, "printing");
    const accepted = { accepted: true };
    assert.deepEqual(await shop.ok(200, "POST", `/api/printers/${printer.id}/pause`), accepted);
    await shop.reaches(job.id, "paused");
    assert.equal((await sim.see(printer)).state, "PAUSE");
    assert.deepEqual(await shop.ok(200, "POST", `/api/printers/${printer.id}/resume`), accepted);
    await shop.reaches(job.id, "printing");
    for (const on of [true, false]) {
      await shop.ok(200, "POST", `/api/printers/${printer.id}/light?on=${on}`);
      await until(async () => (await sim.see(printer)).light === on, 10, `light ${on}`);
    }
    await sim.speed(600);
    await shop.reaches(job.id, "completed");
    assert.equal((await sim.starts(printer)).length, 1);
  });
});

test("a print that is stopped is cancelled, and costs its share of the filament", async () => {
  await inShop(["P1S"], {}, async (shop, sim, [printer]) => {
    const job = await shop.order(sliced(), { printer_id: printer.id });
    await shop.sees(printer.id, (s) => s.state === "printing" && s.progress_pct >= 20,
      "at work");
    await sim.speed(0);
    await shop.reaches(job.id, "printing");
    const refused = await shop.cancel(job.id);
    assert.equal(refused.status, 409);
    assert.match(refused.body.error, /stop=true/);
    const { percent } = await sim.see(printer);
    await shop.sees(printer.id, (s) => s.progress_pct === percent, `at ${percent} %`);
    assert.equal((await shop.cancel(job.id, true)).status, 200);
    await sim.speed(300);
    const done = await shop.reaches(job.id, "cancelled");
    assert.equal(done.status, "cancelled");
    const [attempt] = await shop.attempts(job.id);
    assert.equal(attempt.outcome, "cancelled");
    assert.ok(Math.abs(attempt.grams - (BLACK_PLA.grams * percent) / 100) < 0.0005,
      `${attempt.grams} g at ${percent} %`);
    assert.equal((await gramsLeft(shop, printer))[0], 1000 - attempt.grams);
    assert.equal((await shop.status(printer.id)).plate_clear, false);
    assert.deepEqual((await sim.starts(printer)).map((s) => s.outcome), ["stopped"]);
  });
});

test("a job set for later waits for its hour, and the more urgent goes first", async () => {
  await inShop(["P1S"], {}, async (shop, sim, [printer]) => {
    const file = await shop.upload(sliced());
    const on = { printer_id: printer.id };
    await shop.ok(200, "PUT", `/api/printers/${printer.id}`, { plate_clear: false });
    const soon = new Date(Date.now() + 3000).toISOString();
    const later = await shop.order(file, { ...on, priority: 9, scheduled_start: soon });
    const plain = await shop.order(file, on);
    const urgent = await shop.order(file, { ...on, priority: 5 });
    assert.equal(later.status, "scheduled");
    const queue = await shop.get(`/api/bambu/scheduled-prints/${printer.id}/queue`);
    assert.deepEqual(queue.map((j) => j.id), [later.id, urgent.id, plain.id]);
    await shop.clear(printer.id);
    for (const [one, next] of [[urgent, later], [later, plain], [plain]]) {
      await shop.reaches(one.id, "completed");
      if (next) await until(() => Date.now() > Date.parse(soon), 5, "its hour");
      await shop.clear(printer.id);
    }
    const order = [urgent, later, plain];
    const begun = await Promise.all(order.map(async (j) => (await shop.job(j.id)).started_at));
    assert.deepEqual(begun, [...begun].sort());
    assert.ok(begun[1] >= soon, "not before its hour");
  });
});
