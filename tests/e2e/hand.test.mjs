// What people do by hand: at the printer, in the queue, with the parts.
import assert from "node:assert/strict";
import test from "node:test";
import { until } from "./help/process.mjs";
import { inShop } from "./help/shop.mjs";
import { BLACK_PLA, sliced } from "./help/sliced.mjs";

const PRINTS = "/api/bambu/scheduled-prints";

async function blackLeft(shop, printer) {
  const materials = await shop.get(`/api/bambu/materials/${printer.id}`);
  return materials.find((m) => m.slot === 0).remaining_grams;
}

async function restart(shop) {
  await shop.stop();
  await shop.start();
  await shop.connected();
}

async function waitingOf(shop, printer) {
  return (await shop.get(`${PRINTS}/${printer.id}/queue`)).map((j) => j.id);
}

test("a print begun at the printer is followed, and becomes the job's that adopts it", async () => {
  const endless = { "print-seconds": 100000 }; // as long as we like
  await inShop(["P1S"], { sim: endless }, async (shop, sim, [printer]) => {
    const file = await shop.upload(sliced());
    await shop.ok(200, "PUT", `/api/printers/${printer.id}`, { plate_clear: false });
    const job = await shop.order(file);
    await sim.act(printer, "foreign-print", { name: "Vase.3mf" });
    const shown = await shop.sees(printer.id, (s) => s.foreign !== null, "at a foreign print");
    assert.equal(shown.foreign.step, "printing");
    const [first] = await shop.get("/api/history");
    assert.deepEqual([first.id, first.foreign, first.job_id, first.printer_name],
      [shown.foreign.id, true, null, (await shop.get(`/api/printers/${printer.id}`)).name]);
    assert.equal((await shop.job(job.id)).status, "queued");

    await shop.sees(printer.id, (s) => s.job_name, "naming it");
    const adopted = await shop.ok(200, "POST", `${PRINTS}/${job.id}/adopt`, { printer_id: printer.id });
    assert.deepEqual([adopted.status, adopted.phase], ["started", "printing"]);
    await restart(shop);
    await sim.act(printer, "finish-now");
    const done = await shop.reaches(job.id, "completed");
    assert.equal(done.copies_done, 1);
    const history = await shop.get(`/api/history?printer_id=${printer.id}`);
    assert.equal(history.length, 1);
    const [attempt] = await shop.attempts(job.id);
    assert.deepEqual(attempt, history[0]);
    assert.deepEqual([attempt.outcome, attempt.foreign, attempt.asked_by, attempt.grams],
      ["finished", true, "person/1", BLACK_PLA.grams]);
    assert.equal(await blackLeft(shop, printer), 1000 - BLACK_PLA.grams);
    assert.deepEqual(await sim.starts(printer), [], "we started nothing");
  });
});

test("the queue is put in order by hand, and scrap is printed again", async () => {
  await inShop(["P1S"], {}, async (shop, sim, [printer]) => {
    const file = await shop.upload(sliced());
    await shop.ok(200, "PUT", `/api/printers/${printer.id}`, { plate_clear: false });
    const one = await shop.order(file, { printer_id: printer.id });
    const two = await shop.order(file, { printer_id: printer.id });
    const any = await shop.order(file, { yield: 2 });
    assert.deepEqual(await waitingOf(shop, printer), [one.id, two.id, any.id]);

    const moved = await shop.ok(200, "POST", `${PRINTS}/${any.id}/move`, { before: one.id });
    assert.equal(moved.moved_to, one.id);
    assert.deepEqual(await waitingOf(shop, printer), [any.id, one.id, two.id]);
    await restart(shop);
    assert.deepEqual(await waitingOf(shop, printer), [any.id, one.id, two.id]);

    const deeds = await shop.ok(200, "POST", `${PRINTS}/bulk`, { act: "cancel", ids: [two.id, one.id, 999] });
    assert.deepEqual(deeds.map((d) => [d.id, d.done]), [[two.id, true], [one.id, true], [999, false]]);
    assert.equal(deeds[2].code, "not_found");

    await shop.clear(printer.id);
    await shop.reaches(any.id, "completed");
    const answers = await Promise.all([1, 2].map(() =>
      shop.ok(200, "POST", `${PRINTS}/${any.id}/review`, { scrap: 1, reason: "warped" })));
    const [{ reprint_id: again }] = answers;
    assert.equal(answers[1].reprint_id, again, "once, however often it is said");
    const reprint = await shop.job(again);
    assert.deepEqual([reprint.reprint_of, reprint.copies, reprint.status], [any.id, 1, "queued"]);
    await shop.clear(printer.id);
    await shop.reaches(again, "completed");
    assert.equal((await sim.starts(printer)).length, 2);
    await until(async () => (await shop.get("/api/history")).length === 2, 5, "two in the history");
  });
});
