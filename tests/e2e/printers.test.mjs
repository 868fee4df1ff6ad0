// Printers as people meet them: found, checked, shown, and told what to do.
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "./help/process.mjs";
import { inShop } from "./help/shop.mjs";
import { home } from "./help/simulator.mjs";
import { sliced } from "./help/sliced.mjs";

const listening = {
  settings: { plugins: { raw: `{ ["bambu-mqtt"] = { listen = "${home}" } }` } },
  sim: { notify: home },
};

const steps = (found) => Object.fromEntries(found.steps.map((s) => [s.step, s.ok]));

test("printers in the network are found, and known ones are called so", async () => {
  await inShop(["P1S", "H2D Pro"], listening, async (shop, sim, [p1s, pro]) => {
    await shop.ok(200, "DELETE", `/api/printers/${pro.id}`);
    const found = await shop.ok(200, "POST", "/api/printers/discover?seconds=3");
    const of = (printer) => found.find((f) => f.identity === printer.serial);
    assert.equal(found.length, 2);
    assert.equal(of(p1s).printer_id, p1s.id);
    assert.equal(of(p1s).model, "P1S");
    assert.deepEqual(of(pro), {
      kind: "bambu", model: "H2D Pro", name: of(pro).name, identity: pro.serial,
      detail: "", settings: { host: pro.host, serial: pro.serial }, printer_id: null,
    });
    const { id, ...again } = pro;
    const added = await shop.addPrinter({ ...again, ...of(pro).settings });
    await shop.sees(added.id, (s) => s.connection === "connected", "connected");
  });
});

test("a printer is checked before it is added, step by step", async () => {
  await inShop(["P2S"], {}, async (shop, sim, [printer]) => {
    const check = (members) => shop.ok(200, "POST", "/api/printers/check", {
      kind: "bambu", host: printer.host, serial: printer.serial,
      access_code: printer.access_code, mqtt_port: printer.mqtt_port,
      ftps_port: printer.ftps_port, ...members,
    });
    const sound = await check();
    assert.equal(sound.ok, true);
    assert.deepEqual(steps(sound), {
      address: true, port: true, key: true, serial: true, access_code: true,
      reports: true, storage: true, commands: true, uploads: true,
    });
    const wrong = await check({ access_code: "00000000" });
    assert.equal(wrong.ok, false);
    assert.equal(steps(wrong).access_code, false);
    assert.match(wrong.steps.find((s) => s.ok === false).text, /refused the access code/);
    assert.equal(steps(await check({ host: "printer.invalid" })).address, false);
    const missing = await shop.call("POST", "/api/printers/check", { kind: "bambu" });
    assert.equal(missing.status, 400);
    assert.match(missing.body.error, /host/);
    const other = await shop.call("POST", "/api/printers/check", { kind: "teapot" });
    assert.equal(other.status, 400);
  });
});

test("a printer shows what it is at, and what it is made of", async () => {
  await inShop(["H2D"], {}, async (shop, sim, [printer]) => {
    const rest = await shop.status(printer.id);
    assert.equal(rest.remote_control, "on");
    assert.equal(rest.door_open, false);
    assert.equal(rest.storage_ready, true);
    assert.equal(rest.stale, false);
    assert.deepEqual(rest.nozzles.map((n) => n.name), ["right", "left"]);
    assert.deepEqual(rest.units.map((u) => u.kind), ["AMS", "AMS 2 Pro", "AMS HT"]);
    assert.ok(rest.slots.some((s) => s.slot === 128 && s.loaded));
    await sim.act(printer, "door", { open: true });
    await sim.act(printer, "hms", { attr: "07002000", code: "00020001" });
    const shown = await shop.sees(printer.id, (s) => s.door_open && s.alerts.length === 1,
      "open");
    assert.match(shown.alerts[0].text, /AMS 1, slot 1 has run out/);
    assert.equal(shown.alerts[0].severity, "serious");
    assert.match(shown.alerts[0].link, /0700_2000_0002_0001$/);
    await shop.order(sliced({ model: "H2D" }), { printer_id: printer.id });
    const busy = await shop.sees(printer.id, (s) => s.state === "printing" && s.stage,
      "printing");
    assert.ok(busy.fans.some((f) => f.name === "part"));
  });
});

test("filament is set, loaded and dried; what cannot be is said", async () => {
  await inShop(["P2S"], {}, async (shop, sim, [printer]) => {
    const tell = (what, body) =>
      shop.call("POST", `/api/printers/${printer.id}/${what}`, body);
    const well = async (what, body) => {
      const answer = await tell(what, body);
      assert.deepEqual(answer.body, { accepted: true }, answer.text);
    };
    await well("filament", { slot: 1, material_type: "ASA", color: "#123456" });
    await until(async () => (await shop.get(`/api/bambu/materials/${printer.id}`))
      .some((m) => m.slot === 1 && m.material_type === "ASA" && m.color === "#123456"),
    10, "the slot is known");
    await well("load", { slot: 1 });
    await shop.sees(printer.id, (s) => s.active_slot === 1, "loaded");
    await well("unload");
    await shop.sees(printer.id, (s) => s.active_slot === null, "unloaded");
    await well("dry", { unit: 0, celsius: 55, hours: 8 });
    await shop.sees(printer.id, (s) => s.units[0].drying_minutes > 0, "drying");
    await well("stop-drying", { unit: 0 });
    await sim.act(printer, "print-error", { code: "0300_8003" });
    await shop.sees(printer.id, (s) => s.error?.code === "0300_8003", "in error");
    await well("clear-error");
    await shop.sees(printer.id, (s) => s.error === null, "well");

    const hot = await tell("dry", { unit: 0, celsius: 90, hours: 8 });
    assert.equal(hot.status, 400);
    assert.match(hot.body.error, /celsius must be 45 to 65/);
    const none = await tell("filament", { slot: 1, material_type: "PLA" });
    assert.equal(none.status, 400);
    assert.match(none.body.error, /color/);
    assert.equal((await tell("skip", { objects: [7] })).status, 409);
    await sim.fault(printer, "verify-failed", { times: -1 });
    const locked = await tell("load", { slot: 1 });
    assert.equal(locked.status, 403);
    assert.match(locked.body.error, /Developer Mode/);
    const shown = await shop.sees(printer.id, (s) => s.remote_control === "off", "locked");
    assert.match(shown.detail, /Developer Mode/);
  });
});
