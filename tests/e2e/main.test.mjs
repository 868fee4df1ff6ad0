// The main road: a sliced file becomes a finished print.
import assert from "node:assert/strict";
import test from "node:test";
import { until } from "./help/process.mjs";
import { inShop } from "./help/shop.mjs";
import { BLACK_PLA, sha256, sliced } from "./help/sliced.mjs";

test("a sliced file becomes a finished print", async () => {
  await inShop(["P1S"], {}, async (shop, sim, [printer]) => {
    const bytes = sliced();
    const job = await shop.order(bytes, { printer_id: printer.id });
    const done = await shop.reaches(job.id, "completed");
    const starts = await sim.starts(printer);
    assert.equal(starts.length, 1);
    assert.equal(starts[0].outcome, "finished");
    assert.equal(starts[0].sha256, sha256(bytes));
    assert.equal(done.phase, "done");
  });
});
