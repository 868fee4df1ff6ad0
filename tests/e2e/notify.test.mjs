// People are told: what a print does reaches receivers that are real, and the
// bad ones harm nobody.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { until } from "./help/process.mjs";
import { Receiver } from "./help/receiver.mjs";
import { Shop, inShop } from "./help/shop.mjs";
import { png, sliced } from "./help/sliced.mjs";

// Other people's word on the signature; installed by packaging/test.
const library = await import("standardwebhooks").catch(() => null);

const addChannel = (shop, members) =>
  shop.ok(201, "POST", "/api/channels", { kind: "webhook", name: "Hook", ...members });

const alert = (shop, title, members = {}) =>
  shop.ok(201, "POST", "/api/alerts/trigger", { title, ...members });

const deliveries = (shop, query = "") => shop.get(`/api/deliveries${query}`);

describe("a shop that tells people", () => {
  it("tells of a print, signed, and with the plate's picture", async () => {
    const receiver = await Receiver.start();
    await inShop(["P1S"], { settings: { allow_loopback: true } },
      async (shop, sim, [printer]) => {
        const { secret } = await shop.ok(200, "POST", "/api/webhook/secret");
        await addChannel(shop, { url: `${receiver.url}/json`, secret });
        await addChannel(shop,
          { name: "Chat", kind: "discord", url: `${receiver.url}/discord` });
        const prefs = await shop.get(`/api/bambu/notifications/${printer.id}`);
        assert.equal(prefs.notify_print_start, true);
        assert.equal(prefs.notify_material_change, false);
        assert.equal(prefs.webhook_url, null);
        await shop.ok(200, "PUT", `/api/bambu/notifications/${printer.id}`,
          { webhook_url: `${receiver.url}/printer` });

        const job = await shop.order(sliced(), { job_name: "bracket" });
        await shop.reaches(job.id, "completed", 60);
        await receiver.hears(6);
        const at = (url) => receiver.seen.filter((r) => r.url.startsWith(url));
        const types = (url) => at(url).map((r) => JSON.parse(r.body).type);
        assert.deepEqual(types("/json"), ["print.started", "print.completed"]);
        assert.deepEqual(types("/printer"), ["print.started", "print.completed"]);

        const [started, completed] = at("/json");
        const body = JSON.parse(completed.body);
        assert.equal(body.data.event.job.job_name, "bracket");
        assert.equal(body.data.event.printer.id, printer.id);
        assert.match(body.data.title, /^bracket is done on P1S/);
        assert.match(body.data.link, new RegExp(`^${shop.url}/#/printers/`));
        assert.equal(started.headers["content-type"], "application/json");
        if (library) {
          const verifier = new library.Webhook(secret);
          for (const request of [started, completed])
            verifier.verify(request.body.toString(), request.headers);
          assert.throws(() =>
            verifier.verify(`${completed.body} `, completed.headers));
        }

        const [chat] = at("/discord");
        assert.match(chat.headers["content-type"], /^multipart\/form-data/);
        assert.ok(chat.body.includes(png()), "the picture is in it");
        const form = await new Response(chat.body,
          { headers: { "Content-Type": chat.headers["content-type"] } }).formData();
        const { embeds } = JSON.parse(form.get("payload_json"));
        assert.equal(embeds[0].image.url, "attachment://plate.png");
        assert.equal(form.get("files[0]").type, "image/png");

        const log = await deliveries(shop);
        assert.equal(log.length, 6);
        assert.ok(log.every((d) => d.state === "delivered" && d.tries === 1));
      });
    receiver.stop();
  });

  it("skips the independent verifier only where npm has not run",
    { skip: library ? false : "run npm ci in tests/" }, () => {
      assert.ok(library.Webhook);
    });
});

describe("a bad receiver", () => {
  let shop;
  before(async () => {
    shop = Shop.make({ allow_loopback: true, retry_ms: 50 });
    await shop.open();
  });
  after(async () => {
    await shop.close();
  });

  // What became of one message to a receiver that answers so.
  async function told(answer, judge, tls) {
    const receiver = await Receiver.start(answer, tls);
    const { id } = await addChannel(shop,
      { url: receiver.url, name: `Hook ${receiver.url}` });
    await alert(shop, "hello", { channels: [`Hook ${receiver.url}`] });
    let delivery;
    await until(async () => {
      [delivery] = await deliveries(shop, `?channel_id=${id}`);
      return delivery && judge(delivery, receiver);
    }, 40, "").catch(() => {
      throw new Error(`not told so: ${JSON.stringify(delivery)}\n` +
        shop.program.output);
    });
    const channel = await shop.get(`/api/channels/${id}`);
    await shop.ok(200, "DELETE", `/api/channels/${id}`);
    receiver.stop();
    return { delivery, channel, receiver };
  }

  it("that redirects is not followed, and it is said", async () => {
    const { receiver } = await told(
      (_, response) => {
        response.writeHead(302, { Location: "http://169.254.169.254/" });
        response.end();
      },
      (d) => d.tries > 1 && /redirects are not followed/.test(d.error));
    assert.equal(new Set(receiver.seen.map(
      (r) => r.headers["webhook-id"])).size, 1);
  });

  it("that says 429 is asked again when it said so", async () => {
    let first;
    const { receiver } = await told(
      (_, response) => {
        first ??= Date.now();
        const wait = first + 1900 - Date.now();
        response.writeHead(wait > 0 ? 429 : 204, { "Retry-After": "2" });
        response.end();
      },
      (d) => d.state === "delivered");
    assert.equal(receiver.seen.length, 2);
  });

  it("that says 410 is not asked again: the channel is off, and says why",
    async () => {
      const { channel } = await told(
        (_, response) => response.writeHead(410).end(),
        async (d, r) => d.error &&
          !(await shop.get("/api/channels")).find(
            (c) => c.name === `Hook ${r.url}`).enabled);
      assert.match(channel.disabled_reason, /gone for good/);
    });

  it("that answers a gigabyte has been told, at no cost", async () => {
    const memory = () => Number(fs.readFileSync(
      `/proc/${shop.program.child.pid}/status`, "latin1")
      .match(/VmRSS:\s+(\d+)/)[1]) / 1024;
    const had = memory();
    const { delivery } = await told(
      (_, response) => {
        response.writeHead(200, { "Content-Length": `${2 ** 30}` });
        const piece = Buffer.alloc(65536);
        const more = () => {
          while (!response.destroyed && response.write(piece));
          if (!response.destroyed) response.once("drain", more);
        };
        response.on("error", () => {});
        more();
      },
      (d) => d.state === "delivered");
    assert.equal(delivery.tries, 1);
    assert.ok(memory() - had < 64, `${memory()} MiB instead of ${had}`);
  });

  it("that shows a certificate nobody trusts is told nothing", async () => {
    const place = fs.mkdtempSync(path.join(shop.place, "tls-"));
    execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt",
      "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=receiver",
      "-keyout", `${place}/key`, "-out", `${place}/cert`], { stdio: "ignore" });
    const { receiver } = await told(undefined,
      (d) => /certificate/.test(d.error ?? ""),
      { key: fs.readFileSync(`${place}/key`), cert: fs.readFileSync(`${place}/cert`) });
    assert.equal(receiver.seen.length, 0);
  });

  it("that hangs is given twenty seconds, and others do not wait", async () => {
    const quick = await Receiver.start();
    const hanging = told(() => {},
      (d) => d.tries > 0 && /did not answer in time/.test(d.error));
    await addChannel(shop, { name: "Quick", url: quick.url });
    const began = Date.now();
    await alert(shop, "quick", { channels: ["Quick"] });
    await quick.hears(1);
    assert.ok(Date.now() - began < 5000);
    await hanging;
    quick.stop();
  });

  it("is tried by the test button, which says what became of it", async () => {
    const { id } = await addChannel(shop,
      { name: "Try", url: "http://127.0.0.1:9/" });
    const outcome = await shop.ok(200, "POST", `/api/channels/${id}/test`);
    assert.equal(outcome.delivered, false);
    assert.match(outcome.error, /127\.0\.0\.1 cannot be reached/);
  });
});

describe("an address that is not for messages", () => {
  let shop, receiver;
  before(async () => {
    receiver = await Receiver.start();
    shop = Shop.make();
    await shop.open();
  });
  after(async () => {
    assert.equal(receiver.seen.length, 0);
    receiver.stop();
    await shop.close();
  });

  for (const [what, url, why] of [
    ["this machine", "", /this machine itself/],
    ["a name that leads to this machine", "http://localhost:PORT/", /this machine itself/],
    ["the addresses of cloud secrets", "http://169.254.169.254/latest/", /never talked to/],
    ["everybody and nobody", "http://0.0.0.0:PORT/", /never talked to|this machine/],
    ["IPv6 in disguise", "http://[::ffff:127.0.0.1]:PORT/", /this machine itself/],
    ["a private network without the tick", "http://10.255.255.1/", /must allow first \(allow_private\)/],
  ])
    it(`is refused: ${what}`, async () => {
      const { port } = receiver.server.address();
      const { id } = await addChannel(shop, { name: what,
        url: url ? url.replace("PORT", port) : receiver.url });
      const outcome = await shop.ok(200, "POST", `/api/channels/${id}/test`);
      assert.equal(outcome.delivered, false);
      assert.match(outcome.error, why);
      await alert(shop, what, { channels: [what] });
      await until(async () => !(await shop.get(`/api/channels/${id}`)).enabled,
        20, "the channel is switched off");
    });

  it("may be ticked by administrators alone", async () => {
    const { token } = await shop.ok(201, "POST", "/api/tokens",
      { name: "manager", role: "manager" });
    const manager = Object.assign(Object.create(shop), { token });
    const answer = await manager.call("POST", "/api/channels",
      { kind: "webhook", name: "LAN", url: "http://10.0.0.1/", allow_private: true });
    assert.equal(answer.status, 403);
  });
});
