// What keeps a print from being started just now, with real reports.
import assert from "node:assert/strict";
import test from "node:test";
import { Events } from "./help/events.mjs";
import { until } from "./help/process.mjs";
import { inShop } from "./help/shop.mjs";
import { sliced } from "./help/sliced.mjs";

const set = (shop, { id }, members) => shop.ok(200, "PUT", `/api/printers/${id}`, members);
const why = async (shop, { id }) => (await shop.get(`/api/printers/${id}/why`)).reasons;

const heats = (s) => s.nozzle_target_celsius - s.nozzle_celsius > 10 ||
  s.bed_target_celsius - s.bed_celsius > 5;

test("two printers on one fuse never heat up at once, and print at the same time", async () => {
  const sim = { speed: 120, "print-seconds": 900 };
  await inShop(["P1S", "P1S"], { sim }, async (shop, _, printers) => {
    const { id } = await shop.ok(201, "POST", "/api/circuits",
      { name: "Cellar, fuse 3", heating_max: 1 });
    for (const printer of printers) await set(shop, printer, { circuit_id: id });
    const file = await shop.upload(sliced());
    const jobs = [await shop.order(file), await shop.order(file)];
    let both = 0, once = 0, told = null;
    await until(async () => {
      const states = await Promise.all(printers.map((p) => shop.status(p.id)));
      const count = states.filter(heats).length;
      both += count === 2;
      once += count === 1;
      for (const printer of printers)
        told ??= (await why(shop, printer)).find((r) => r.code === "circuit_full");
      const now = await Promise.all(jobs.map((job) => shop.job(job.id)));
      return now.every((job) => job.status === "completed");
    }, 60, "both are printed");
    assert.equal(both, 0, "both were seen to heat up at once");
    assert.ok(once > 3, "nothing was seen to heat up");
    assert.match(told.text, /its circuit \(Cellar, fuse 3\) bears 1 .*: P1S \d+/);
    const [[first], [second]] = await Promise.all(jobs.map((job) => shop.attempts(job.id)));
    assert.ok(second.start_at > first.printing_at, "the second began before the first");
    assert.ok(second.start_at < first.ended_at, "the second waited for the first to end");
  });
});

test("a plate clears itself when the bed is cool, and copies follow each other", async () => {
  const sim = { speed: 1200, "print-seconds": 600 };
  await inShop(["P1S"], { sim }, async (shop, _, [printer]) => {
    await set(shop, printer, { ejects: "when_cool", eject_below_c: 35 });
    const events = await Events.follow(shop);
    const job = await shop.order(await shop.upload(sliced()), { copies: 2 });
    await shop.reaches(job.id, "completed", 60);
    const cleared = events.seen.filter((e) => e.topic === "printer.plate_cleared");
    assert.deepEqual(cleared.map((e) => e.who), [`printer/${printer.id}`]);
    await shop.sees(printer.id, (s) => s.plate_clear, "clear again");
    assert.ok((await shop.status(printer.id)).bed_celsius <= 35);
    await events.stop();
  });
});

test("nothing starts in quiet hours, and all goes on when they are taken away", async () => {
  await inShop(["P1S"], {}, async (shop, sim, [printer]) => {
    const hours = await shop.ok(201, "POST", "/api/hours",
      { name: "Night", kind: "quiet", from: "00:00", to: "00:00" });
    const job = await shop.order(await shop.upload(sliced()));
    const [reason] = await why(shop, printer);
    assert.equal(reason.code, "quiet_hours");
    await shop.stop();
    await shop.start();
    await shop.connected();
    assert.equal((await why(shop, printer))[0].code, "quiet_hours");
    assert.deepEqual(await sim.starts(printer), []);
    await shop.ok(200, "DELETE", `/api/hours/${hours.id}`);
    await shop.reaches(job.id, "completed");
  });
});
