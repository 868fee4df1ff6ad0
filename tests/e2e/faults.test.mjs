// Printers that refuse, lie, fall silent, or print for somebody else.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Events } from "./help/events.mjs";
import { until } from "./help/process.mjs";
import { inShop } from "./help/shop.mjs";
import { sliced } from "./help/sliced.mjs";

const model = "X1C"; // gives whole reports every five seconds, when asked

// A shop with one printer, and a file for it.
function atPrinter(test, options = {}) {
  return () => inShop([model], options, async (shop, sim, [printer]) => {
    const file = await shop.upload(sliced({ model, bytes: options.bytes }));
    await test({
      shop, sim, printer, file,
      order: (members) => shop.order(file, { printer_id: printer.id, ...members }),
      fault: (name, members) => sim.fault(printer, name, members),
      starts: () => sim.starts(printer),
    });
  });
}

const outcomes = (rows) => rows.map((row) => row.outcome);

async function endsWith(world, id, attempts, starts) {
  assert.deepEqual(outcomes(await world.shop.attempts(id)), attempts);
  assert.deepEqual(outcomes(await world.starts()), starts);
}

describe("a start", { concurrency: 4 }, () => {
  test("that is refused once is tried once more", atPrinter(async (w) => {
    await w.fault("refuse-start", { reason: "the door is open" });
    const { id } = await w.order();
    await w.shop.reaches(id, "completed");
    await endsWith(w, id, ["refused", "finished"], ["refused", "finished"]);
    assert.match((await w.shop.attempts(id))[0].reason, /the door is open/);
  }));

  test("that is refused twice fails the job, with the printer's reason", atPrinter(async (w) => {
    await w.fault("refuse-start", { times: -1, reason: "the door is open" });
    const { id } = await w.order();
    const job = await w.shop.reaches(id, "failed");
    assert.match(job.failed_reason, /the door is open/);
    await endsWith(w, id, ["refused", "refused"], ["refused", "refused"]);
    assert.equal((await w.shop.status(w.printer.id)).plate_clear, true);
  }));

  test("that is acknowledged and never begins is tried once more, then fails",
    atPrinter(async (w) => {
      await w.fault("ack-and-never-start", { times: -1 });
      const { id } = await w.order();
      const job = await w.shop.reaches(id, "failed", 90);
      assert.match(job.failed_reason, /never began/);
      await endsWith(w, id, ["refused", "refused"], ["never-started", "never-started"]);
    }));

  test("whose fate the printer does not tell is left to a person", atPrinter(async (w) => {
    await w.fault("ack-and-never-start", { echo_ids: 1 });
    const { id } = await w.order();
    const job = await w.shop.reaches(id, "unknown", 40);
    assert.match(job.failed_reason, /look at it/);
    assert.deepEqual(outcomes(await w.starts()), ["never-started"]);
    // Somebody looks, and says that nothing lies there.
    await w.shop.ok(200, "PUT", `/api/bambu/scheduled-prints/${id}`, { status: "failed" });
    await w.shop.ok(200, "PUT", `/api/bambu/scheduled-prints/${id}`, { status: "queued" });
    await w.shop.clear(w.printer.id);
    const done = await w.shop.reaches(id, "completed");
    assert.equal(done.failed_reason, null);
    await endsWith(w, id, ["failed", "finished"], ["never-started", "finished"]);
  }, { settings: { verdict_seconds: 8 } }));

  test("that is not acknowledged is found in the reports", atPrinter(async (w) => {
    await w.fault("no-ack");
    const { id } = await w.order();
    await w.shop.reaches(id, "completed", 60);
    await endsWith(w, id, ["finished"], ["finished"]);
  }));

  test("that is neither obeyed nor acknowledged is tried once more", atPrinter(async (w) => {
    const events = await Events.follow(w.shop, { topic: "attempt.*" });
    const { id } = await w.order();
    await events.comes("attempt.claimed");
    await w.fault("deaf");
    await w.shop.reaches(id, "completed", 90);
    await events.stop();
    const starts = await w.starts();
    assert.equal(starts.filter((s) => s.began).length, 1);
  }, { bytes: 4_000_000 }));

  test("whose connection breaks right behind it is found again", atPrinter(async (w) => {
    await w.fault("drop-after-start");
    const { id } = await w.order();
    await w.shop.reaches(id, "completed", 60);
    await endsWith(w, id, ["finished"], ["finished"]);
  }));
});

describe("a connection that breaks", { concurrency: 4 }, () => {
  for (const step of ["claimed", "uploaded", "starting", "printing"])
    test(`when the attempt is ${step} costs no print`, atPrinter(async (w) => {
      const events = await Events.follow(w.shop, { topic: "attempt.*" });
      const { id } = await w.order();
      await events.comes(`attempt.${step}`);
      await w.fault("drop-connection");
      await w.shop.reaches(id, "completed", 90);
      await events.stop();
      const starts = await w.starts();
      assert.equal(starts.filter((s) => s.began).length, 1, JSON.stringify(starts));
    }));

  test("and stays so is told in words, and tried again", atPrinter(async (w) => {
    await w.sim.act(w.printer, "reboot", { seconds: 900, after: "idle" }); // 3 s
    const away = await w.shop.sees(w.printer.id, (s) => s.connection === "unreachable",
      "unreachable");
    assert.ok(away.detail.length > 10, away.detail);
    assert.equal(away.stale, true);
    const { id } = await w.order();
    assert.equal((await w.shop.job(id)).phase, "waiting");
    await w.shop.reaches(id, "completed", 60);
    await endsWith(w, id, ["finished"], ["finished"]);
  }));
});

describe("an upload", { concurrency: 4 }, () => {
  test("that is cut off is made again", atPrinter(async (w) => {
    await w.fault("cut-upload", { bytes: 1000 });
    const { id } = await w.order();
    await w.shop.reaches(id, "completed", 60);
    await endsWith(w, id, ["finished"], ["finished"]);
    const { uploads } = await w.sim.see(w.printer);
    assert.deepEqual(uploads.map((u) => u.complete), [false, true]);
  }));

  test("that ends with an error though all of it arrived is good", atPrinter(async (w) => {
    await w.fault("cut-upload", { bytes: -1 });
    const { id } = await w.order();
    await w.shop.reaches(id, "completed");
    assert.equal((await w.sim.see(w.printer)).uploads.length, 1);
  }));

  test("that does not fit is given up, and the job waits", atPrinter(async (w) => {
    await w.fault("full-storage", { times: 3 });
    const { id } = await w.order();
    await until(async () => outcomes(await w.shop.attempts(id))[0] === "dropped", 60,
      "the attempt is dropped");
    const [{ reason }] = await w.shop.attempts(id);
    assert.match(reason, /card or stick/);
    await w.shop.reaches(id, "completed");
    assert.deepEqual(outcomes(await w.starts()), ["finished"]);
  }));

  test("whose job is cancelled prints nothing, and the next job goes on", atPrinter(async (w) => {
    await w.fault("stall-upload", { bytes: 100_000 });
    const events = await Events.follow(w.shop, { topic: "attempt.*" });
    const { id } = await w.order();
    await events.comes("attempt.claimed");
    await w.shop.sees(w.printer.id, (s) => s.uploaded_bytes > 0, "taking the file");
    assert.equal((await w.shop.cancel(id)).status, 200);
    assert.equal((await w.shop.job(id)).status, "cancelled");
    await events.comes("attempt.dropped");
    await events.stop();
    const next = await w.order();
    await w.shop.reaches(next.id, "completed", 60);
    const starts = await w.starts();
    assert.equal(starts.length, 1);
    const [attempt] = await w.shop.attempts(next.id);
    assert.equal(starts[0].subtask_id, attempt.submission);
  }, { bytes: 2_000_000 }));

  test("to a printer that is switched off here is dropped, and made when it is back",
    atPrinter(async (w) => {
      await w.fault("stall-upload", { bytes: 100_000 });
      const { id } = await w.order();
      await w.shop.sees(w.printer.id, (s) => s.uploaded_bytes > 0, "taking the file");
      const one = `/api/printers/${w.printer.id}`;
      assert.equal((await w.shop.call("DELETE", one)).status, 409);
      await w.shop.ok(200, "PUT", one, { enabled: false });
      await w.shop.reaches(id, "waiting");
      const status = await w.shop.status(w.printer.id);
      assert.equal(status.connection, "none");
      assert.deepEqual(await w.starts(), []);
      await w.shop.ok(200, "PUT", one, { enabled: true });
      await w.shop.reaches(id, "completed", 60);
      await endsWith(w, id, ["dropped", "finished"], ["finished"]);
    }, { bytes: 2_000_000 }));
});

describe("a print", { concurrency: 4 }, () => {
  test("that fails half-way fails the job in words, at half the filament", atPrinter(async (w) => {
    await w.fault("fail-print", { percent: 50 });
    const { id } = await w.order();
    const job = await w.shop.reaches(id, "failed", 60);
    assert.ok(job.failed_reason.length > 10, job.failed_reason);
    const [attempt] = await w.shop.attempts(id);
    assert.equal(attempt.outcome, "failed");
    assert.ok(attempt.grams > 0.3 * 12.34 && attempt.grams < 0.6 * 12.34, `${attempt.grams} g`);
  }));

  test("that sticks at its progress is not taken to be over", atPrinter(async (w) => {
    await w.fault("lie", { percent: 40, times: -1 });
    const { id } = await w.order();
    await w.shop.sees(w.printer.id, (s) => s.progress_pct === 40, "at 40 %");
    await w.shop.reaches(id, "printing");
    await w.fault("lie", { times: 0 });
    await w.shop.reaches(id, "completed");
    await endsWith(w, id, ["finished"], ["finished"]);
  }));

  test("goes on through garbage in the reports", atPrinter(async (w) => {
    await w.fault("garbage-report", { times: 5 });
    const { id } = await w.order();
    await w.shop.reaches(id, "completed");
    await endsWith(w, id, ["finished"], ["finished"]);
  }));

  test("that runs out of filament pauses, and goes on after a resume", atPrinter(async (w) => {
    await w.fault("filament-runout", { percent: 30 });
    const { id } = await w.order();
    await w.shop.reaches(id, "paused");
    const { error } = await w.shop.status(w.printer.id);
    assert.ok(error.text.length > 10, JSON.stringify(error));
    await w.shop.ok(200, "POST", `/api/printers/${w.printer.id}/resume`);
    await w.shop.reaches(id, "completed");
    await endsWith(w, id, ["finished"], ["finished"]);
  }));

  // What a printer only prepares when its power goes, it forgets.
  test("that survives a power cut is followed to its end", atPrinter(async (w) => {
    const { id } = await w.order();
    await w.shop.sees(w.printer.id, (s) => s.state === "printing", "printing");
    await w.sim.act(w.printer, "reboot", { seconds: 300, after: "keep" });
    await w.shop.reaches(id, "completed", 60);
    await endsWith(w, id, ["finished"], ["finished"]);
  }));

  test("that is lost in a power cut is left to a person, who says how it ended",
    atPrinter(async (w) => {
      const { id } = await w.order();
      await w.shop.reaches(id, "printing");
      await w.sim.act(w.printer, "reboot", { seconds: 300, after: "idle" });
      await w.shop.reaches(id, "unknown", 60);
      const next = await w.order();
      assert.equal((await w.shop.job(next.id)).phase, "waiting");
      const done = await w.shop.ok(200, "PUT", `/api/bambu/scheduled-prints/${id}`,
        { status: "completed" });
      assert.equal(done.failed_reason, null);
      assert.deepEqual(outcomes(await w.shop.attempts(id)), ["finished"]);
      assert.equal((await w.shop.status(w.printer.id)).plate_clear, false);
      await w.shop.clear(w.printer.id);
      await w.shop.reaches(next.id, "completed");
    }));

  test("that a printer switched off here goes on with is found when it is back",
    atPrinter(async (w) => {
      const { id } = await w.order();
      await w.shop.reaches(id, "printing");
      const one = `/api/printers/${w.printer.id}`;
      await w.shop.ok(200, "PUT", one, { enabled: false });
      assert.equal((await w.shop.call("DELETE", one)).status, 409);
      await until(async () => (await w.sim.see(w.printer)).state === "FINISH", 30, "it ends");
      assert.equal((await w.shop.job(id)).status, "started");
      await w.shop.ok(200, "PUT", one, { enabled: true });
      await w.shop.reaches(id, "completed");
      await endsWith(w, id, ["finished"], ["finished"]);
    }));
});

describe("a print of somebody else's", { concurrency: 4 }, () => {
  test("is credited to nobody, and the shop's job waits", atPrinter(async (w) => {
    await w.sim.act(w.printer, "foreign-print", { name: "Vase.3mf" });
    await w.shop.sees(w.printer.id,
      (s) => s.job_name.startsWith("Vase") && s.state !== "idle", "at the vase");
    const { id } = await w.order();
    await w.shop.sees(w.printer.id, (s) => s.state === "finished", "done with the vase");
    assert.equal((await w.shop.job(id)).phase, "waiting");
    assert.equal((await w.shop.status(w.printer.id)).plate_clear, false);
    assert.deepEqual(await w.shop.attempts(id), []);
    await w.shop.clear(w.printer.id);
    await w.shop.reaches(id, "completed");
    await endsWith(w, id, ["finished"], ["finished"]);
  }));

  test("that begins during an upload keeps the job waiting", atPrinter(async (w) => {
    const events = await Events.follow(w.shop, { topic: "attempt.*" });
    const { id } = await w.order();
    await events.comes("attempt.claimed");
    await w.sim.act(w.printer, "foreign-print", { name: "Vase.3mf" });
    await events.comes("attempt.dropped");
    await events.stop();
    assert.deepEqual(await w.starts(), []);
    await w.shop.sees(w.printer.id, (s) => s.state === "finished", "done with the vase");
    assert.equal((await w.shop.job(id)).phase, "waiting");
    await w.shop.clear(w.printer.id);
    await w.shop.reaches(id, "completed", 60);
    await endsWith(w, id, ["dropped", "finished"], ["finished"]);
  }, { bytes: 8_000_000 }));

  test("that the printer restarts by itself after a power cut is not the next job's",
    atPrinter(async (w) => {
      const { id } = await w.order();
      await w.shop.reaches(id, "completed");
      const next = await w.order();
      await w.sim.act(w.printer, "print-size", { seconds: 9000 }); // half a minute
      await w.sim.act(w.printer, "reboot", { seconds: 300, after: "restart" });
      await w.shop.sees(w.printer.id, (s) => s.state === "printing", "at it again");
      assert.equal((await w.shop.job(id)).status, "completed");
      await w.sim.act(w.printer, "print-size", { seconds: 600 });
      await w.sim.act(w.printer, "finish-now");
      await w.shop.sees(w.printer.id, (s) => s.state === "finished", "done again");
      assert.equal((await w.shop.job(next.id)).phase, "waiting");
      assert.deepEqual(outcomes(await w.shop.attempts(id)), ["finished"]);
      assert.equal((await w.shop.job(id)).copies_done, 1);
      assert.equal((await w.shop.status(w.printer.id)).plate_clear, false);
      await w.shop.clear(w.printer.id);
      await w.shop.reaches(next.id, "completed");
    }));
});

describe("a printer", { concurrency: 4 }, () => {
  test("that refuses the access code says so, until it is told the right one",
    () => inShop([model], {}, async (shop, sim, [printer]) => {
      const one = `/api/printers/${printer.id}`;
      await shop.ok(200, "PUT", one, { access_code: "00000000" });
      const status = await shop.sees(printer.id, (s) => s.connection === "refused", "refused");
      assert.match(status.detail, /code/i);
      const { id } = await shop.order(sliced({ model }), { printer_id: printer.id });
      assert.equal((await shop.job(id)).phase, "waiting");
      await shop.ok(200, "PUT", one, { access_code: printer.access_code });
      await shop.reaches(id, "completed");
    }));

  test("that shows another key is not told the access code", atPrinter(async (w) => {
    const { command_total: before } = await w.sim.see(w.printer);
    await w.fault("change-certificate");
    const status = await w.shop.sees(w.printer.id, (s) => s.connection === "key_changed",
      "of another key");
    assert.match(status.detail, /key|certificate/i);
    const { id } = await w.order();
    const seen = await w.sim.see(w.printer);
    assert.equal(seen.connections, 0);
    assert.equal(seen.command_total, before);
    assert.equal((await w.shop.job(id)).phase, "waiting");
  }));

  test("of another serial number is not taken for ours", atPrinter(async (w) => {
    await w.fault("wrong-serial", { serial: "01P00A999999999" });
    const status = await w.shop.sees(w.printer.id,
      (s) => s.connection !== "connected" && s.connection !== "connecting", "of another number");
    assert.ok(["unreachable", "key_changed"].includes(status.connection), status.connection);
    assert.equal((await w.sim.see(w.printer)).connections, 0);
  }));
});
