// From an order to a box that can be shipped: real printers' words, real prints.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import { until } from "./help/process.mjs";
import { Shop, inShop } from "./help/shop.mjs";
import { sliced } from "./help/sliced.mjs";

const eur = (amount) => ({ amount, divisor: 100, currency: "EUR" });
const cents = (money) => money && money.amount;
const PLA = (color, grams) => [{ id: 1, type: "PLA", color, grams }];

async function orderBecomes(shop, id, status, seconds = 60) {
  let order;
  await until(async () => {
    order = await shop.get(`/api/orders/${id}`);
    return order.production_status === status;
  }, seconds, "").catch(() => {
    throw new Error(`order ${id} is ${order.production_status}, not ${status}: ` +
      `${JSON.stringify(order.items)}\n${shop.program.output}`);
  });
  return order;
}

// Somebody stands by and takes off what is done, until the test is over.
function keepPlatesClear(shop, printers) {
  let over = false;
  const work = (async () => {
    while (!over)
      for (const { id } of printers) {
        const { plate_clear, state } = await shop.status(id);
        if (!plate_clear && ["finished", "failed", "idle"].includes(state))
          await shop.clear(id);
        await new Promise((done) => setTimeout(done, 50));
      }
  })();
  return async () => { over = true; await work; };
}

async function twoProducts(shop) {
  const dragon = await shop.upload(sliced({ plates: [{ filaments: PLA("#000000", 10) }] }));
  const sign = await shop.upload(sliced({ plates: [{ filaments: PLA("#000000", 4) }] }));
  await shop.ok(200, "PUT", "/api/terms", { labor_per_hour: 30, printer_watts: 100 });
  await shop.ok(201, "POST", "/api/products", {
    product_name: "Dragon", sku: "DR", file_id: dragon.id, yield: 2, labor_minutes: 3,
  });
  return shop.ok(201, "POST", "/api/products", {
    product_name: "Sign", parts: [{ file_id: sign.id, color_of: "Color" }],
    colors: [{ value: "Red", color: "#C12E1F" }],
    bill: [{ name: "screw", count: 2, unit_cost: 0.05 }],
  });
}

const theOrder = {
  source_id: "4100000073", number: "A-73", ordered_at: "2026-01-02T10:00:00Z",
  buyer: { id: "7", name: "Devon" }, ship_to: { name: "Devon", country: "DE" },
  total: eur(6500), shipping: eur(500), fees: [{ name: "sale", amount: eur(423) }],
  items: [
    { source_id: "t1", title: "A dragon", sku: "dr", quantity: 3, price: eur(1500) },
    { source_id: "t2", title: "A sign", listing_id: "9007199254740993", quantity: 1,
      price: eur(1500), variations: [{ name: "Color", value: "Red" }],
      personalization: [{ name: "Name", value: "Zoë & Max" }] },
  ],
};

test("an order of two items is printed by three printers, one of which fails once", async () => {
  await inShop(["P1S", "P1S", "P1S"], {}, async (shop, sim, printers) => {
    const sign = await twoProducts(shop);
    await shop.ok(200, "PUT", "/api/terms", { auto_schedule: true });
    for (const { id } of printers)
      for (const material of await shop.get(`/api/bambu/materials/${id}`))
        await shop.ok(200, "PUT", `/api/bambu/materials/${material.id}`, { cost_per_kg: 20 });
    await sim.fault(printers[1], "fail-print", { percent: 50 });
    const stop = keepPlatesClear(shop, printers);

    const { id } = await shop.ok(201, "POST", "/api/orders", theOrder);
    await shop.ok(200, "POST", "/api/orders", theOrder); // said twice
    await until(async () => (await shop.get("/api/jobs")).length === 2, 10, "two jobs");
    const [waiting] = await shop.get("/api/orders?unmatched=true");
    assert.equal(waiting.id, id);
    await shop.ok(200, "POST", `/api/orders/${id}/items/2/product`, { product_id: sign.id });

    const order = await orderBecomes(shop, id, "PRINTED");
    await stop();
    const jobs = await shop.get("/api/jobs");
    const failed = jobs.filter((job) => job.status === "failed");
    assert.equal(failed.length, 1, JSON.stringify(jobs));
    assert.equal(jobs.length, 4); // two of dragons, a sign, and one of them again
    assert.ok(jobs.some((job) => job.notes === "Name: Zoë & Max"));
    assert.equal(order.pieces_good, 5); // three dragons, one more, and the sign
    assert.deepEqual((await shop.get("/api/stock")).map((s) => s.pieces), [1]);

    const attempts = await shop.get("/api/attempts");
    const grams = attempts.reduce((sum, a) => sum + a.grams, 0);
    assert.equal(order.grams, Math.round(grams * 1000) / 1000);
    const left = (await Promise.all(printers.map((p) => shop.get(`/api/bambu/materials/${p.id}`))))
      .flat().reduce((sum, m) => sum + m.remaining_grams, 0);
    assert.equal(Math.round((12000 - left) * 1000), Math.round(grams * 1000));
    const cost = order.items.map((item) => cents(item.filament));
    assert.ok(Math.abs(cost[0] + cost[1] - grams * 2) <= 1, `${cost} of ${grams} g`);
    assert.equal(cents(order.filament), cost[0] + cost[1]);
    assert.equal(cents(order.labor), 450);  // nine minutes at 30 an hour
    assert.equal(cents(order.bought), 10);
    assert.equal(cents(order.revenue), 6500);
    assert.equal(cents(order.profit), 6500 - cents(order.filament) - 450 - 10 - 423);
    assert.equal(order.items.reduce((sum, item) => sum + cents(item.profit), 0),
      cents(order.profit));

    const slip = await shop.call("GET", `/api/orders/${id}/packing-slip`);
    assert.match(slip.headers.get("content-type"), /^text\/html/);
    assert.match(slip.text, /Zoë &#38; Max/);
    assert.match((await shop.call("GET", "/api/orders/picking-list")).text, /Order A-73/);
    await shop.ok(200, "PUT", `/api/orders/${id}`,
      { status: "shipped", carrier: "dhl", tracking_code: "00340" });
    assert.equal((await orderBecomes(shop, id, "SHIPPED")).tracking_code, "00340");
  });
});

describe("orders", () => {
  test("asked for by hand are printed one behind the other", async () => {
    await inShop([], {}, async (shop) => {
      await twoProducts(shop);
      const { id } = await shop.ok(201, "POST", "/api/orders", theOrder);
      const answer = await shop.ok(201, "POST", `/api/orders/${id}/schedule-prints`,
        { start_offset_minutes: 5 });
      assert.match(answer.message, /2 print jobs .* are scheduled; item 2 was left out/);
      assert.deepEqual(answer.prints.map((p) => [p.priority, p.order_id]), [[10, id], [9, id]]);
      const [one, two] = answer.prints.map((p) => Date.parse(p.scheduled_start));
      assert.equal(two - one, (10 + 15) * 60000);
      const again = await shop.ok(200, "POST", `/api/orders/${id}/schedule-prints`);
      assert.deepEqual(again.prints, []);
      assert.equal((await shop.get(`/api/orders/${id}`)).production_status, "QUEUED");
    });
  });

  test("come from a table, after a look at what would happen", async () => {
    await inShop([], {}, async (shop) => {
      await twoProducts(shop);
      const table = Buffer.from("Order ID;Item name;SKU;Quantity;Price\r\n" +
        "A1;Drache gr\xfcn;DR;2;12,50\r\nA1;x;DR;-1;1\r\nA2;y;;1;3,00\r\n", "latin1");
      const send = (more) => shop.ok(200, "POST", `/api/orders/import?name=o.csv${more}`, table);
      const dry = await send("&dry_run=true");
      assert.deepEqual([dry.encoding, dry.separator, dry.orders_new, dry.orders_refused],
        ["Windows-1252", ";", 1, 1]);
      assert.deepEqual(dry.lines.map((l) => [l.line, l.order, l.outcome]),
        [[2, "A1", "refused"], [3, "A1", "refused"], [4, "A2", "new"]]);
      assert.match(dry.lines[0].message, /quantity must be between 1 and 10000/);
      assert.equal(dry.lines[0].item, "Drache grün");
      assert.deepEqual(await shop.get("/api/orders"), []);
      assert.equal((await send("")).orders_new, 1);
      assert.equal((await send("")).orders_same, 1);
      assert.equal((await shop.get("/api/orders")).length, 1);
    });
  });

  test("of a plugin are kept with the place it came to, whenever the server dies", async () => {
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "spoold-stall-")), "orders");
    const stall = path.join(process.env.SPOOLD_BUILD, "tests", "abi", "plugins", "stall.so");
    const shop = Shop.make({ plugins: { raw:
      `{ [${JSON.stringify(stall)}] = { file = ${JSON.stringify(file)} } }` } });
    const lines = Array.from({ length: 700 }, (_, i) => JSON.stringify({
      shop_id: "s", source_id: `${9007199254740993n + BigInt(i)}`, total: eur(i),
      items: [{ source_id: "t", quantity: i === 77 ? -1 : 1 }],
    }));
    fs.writeFileSync(file, lines.slice(0, 650).join("\n") + "\n");
    await shop.start();
    await shop.setUp();
    for (let i = 0; i < 6; i++) {
      await new Promise((done) => setTimeout(done, 20 * i));
      await shop.kill();
      await shop.check();
      await shop.start();
    }
    const all = async () => (await shop.get("/api/orders?limit=1000")).length;
    await until(async () => await all() === 650, 20, "650 orders");
    const [flagged, ...others] = await shop.get("/api/orders?problem=true");
    assert.deepEqual(others, []);
    assert.equal(flagged.source_id, `${9007199254740993n + 77n}`);
    assert.match(flagged.problem, /quantity must be between/);

    fs.appendFileSync(file, "!connect the stall again\n");
    await shop.ok(200, "POST", "/api/orders/sync?source=stall");
    const source = async () => (await shop.get("/api/orders/sources"))[0];
    await until(async () => (await source()).error === "connect the stall again", 10, "the error");
    fs.writeFileSync(file, lines.join("\n") + "\n");
    await shop.ok(200, "POST", "/api/orders/sync");
    await until(async () => await all() === 700, 10, "700 orders");
    assert.equal((await source()).error, null);
    await shop.close();
  });

  test("survive a kill at any moment, and ask for nothing twice", async () => {
    const shop = Shop.make();
    await shop.open();
    await twoProducts(shop);
    await shop.ok(200, "PUT", "/api/terms", { auto_schedule: true });
    for (let i = 0; i < 8; i++) {
      const posts = [0, 1, 2].map((k) => shop.call("POST", "/api/orders",
        { ...theOrder, source_id: `${i}-${k}` }).catch(() => {}));
      await new Promise((done) => setTimeout(done, i * 7));
      await shop.kill();
      await Promise.all(posts);
      await shop.check();
      await shop.start();
      for (let k = 0; k < 3; k++)
        await shop.call("POST", "/api/orders", { ...theOrder, source_id: `${i}-${k}` });
    }
    await until(async () => (await shop.get("/api/jobs?limit=1000")).length >= 48, 10, "all jobs");
    const jobs = await shop.get("/api/jobs?limit=1000");
    const orders = await shop.get("/api/orders?limit=1000");
    assert.equal(orders.length, 24);
    assert.equal(jobs.length, 48); // two prints of dragons each
    assert.ok(orders.every((o) => o.production_status === "QUEUED"));
    await shop.close();
  });
});
