// People are told by mail: a real mail server takes it (aiosmtpd), a parser
// that knows nothing of spoold reads it (Python's email package).
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { MailServer, certificate, hasMailServer } from "./help/mailserver.mjs";
import { until } from "./help/process.mjs";
import { Shop, inShop } from "./help/shop.mjs";
import { home } from "./help/simulator.mjs";
import { png, sliced } from "./help/sliced.mjs";

const skip = hasMailServer ? false : "python3-aiosmtpd is not installed";
const login = { user: "shop@example.org", password: "pässword \"1\"" };

const trusting = (cert, more = "") => ({
  allow_loopback: true, retry_ms: 50,
  plugins: { raw: `{ "bambu-mqtt", "scheduler-priority", ` +
    `email = { ca_file = ${JSON.stringify(cert)}${more} } }` },
});

// What holds of every mail.
function isSound(mail) {
  assert.deepEqual(mail.defects, []);
  assert.equal(mail.bare, false, "each line ends in CRLF");
  assert.equal(mail.ascii, true);
  assert.ok(mail.longest <= 78, `a line of ${mail.longest}`);
  for (const name of ["date", "from", "to", "subject", "message-id", "mime-version"])
    assert.equal(mail.names.filter((n) => n === name).length, 1, name);
  assert.ok(Math.abs(mail.date - Date.now() / 1000) < 120);
  assert.equal(mail.headers["auto-submitted"], "auto-generated");
  assert.match(mail.headers["message-id"], /^<msg_[0-9_]+@[a-z.]+>$/);
}

const channel = (shop, server, members = {}) =>
  shop.ok(201, "POST", "/api/channels", {
    name: "Post", kind: "email", host: home, port: server.port,
    from: "shop@example.org", to: "ann@example.org", ...members });

const alert = (shop, title, members = {}) =>
  shop.ok(201, "POST", "/api/alerts/trigger", { title, ...members });

const deliveries = (shop, id) => shop.get(`/api/deliveries?channel_id=${id}`);

describe("a shop that writes mails", { skip }, () => {
  let tls;
  before(() => {
    const shop = Shop.make();
    tls = certificate(shop.place);
  });

  it("tells of a print: encrypted, threaded, with the plate's picture", async () => {
    const server = await MailServer.start({ tls: "starttls", ...tls, ...login });
    await inShop(["P1S"], { settings: trusting(tls.cert) },
      async (shop, sim, [printer]) => {
        await shop.ok(200, "PUT", `/api/printers/${printer.id}`,
          { name: "Größer „Drucker“ 你好, <b>&amp;" });
        await channel(shop, server, { security: "starttls", ...login,
          from: "Die Werkstatt \"Süd\" <shop@example.org>",
          to: "Ann Lee <ann@example.org>, \"Böll, Bob\" <bob@example.org>" });
        const job = await shop.order(sliced(), { job_name: "brack\u00e9t" });
        await shop.reaches(job.id, "completed", 60);
        const [started, completed] = await server.gets(2);
        [started, completed].forEach(isSound);
        assert.equal(started.user, `${login.user} by PLAIN`);
        assert.equal(started.encrypted, true);
        assert.equal(started.hello, "example.org");
        assert.equal(server.connections, 1, "one connection for both");
        assert.deepEqual(completed.recipients, ["ann@example.org", "bob@example.org"]);
        assert.deepEqual(completed.to,
          [["Ann Lee", "ann@example.org"], ["Böll, Bob", "bob@example.org"]]);
        assert.deepEqual(completed.from,
          [["Die Werkstatt \"Süd\"", "shop@example.org"]]);
        assert.equal(completed.headers.subject,
          "bracket is done on Größer „Drucker“ 你好, <b>&amp;".replace("et", "ét"));
        assert.notEqual(started.headers["message-id"], completed.headers["message-id"]);
        assert.equal(started.headers.references, completed.headers.references);
        assert.match(started.headers.references, /^<thread-.+@example\.org>$/);

        assert.deepEqual(completed.shape, ["multipart/alternative", "text/plain",
          "multipart/related", "text/html", "image/png"]);
        const [plain, html, image] = completed.parts;
        assert.match(plain.text, /Take it off and say that the plate/);
        assert.ok(plain.text.includes(`${shop.url}/#/printers/${printer.id}`));
        assert.ok(html.text.includes("Größer „Drucker“ 你好, &lt;b&gt;&amp;amp;"));
        assert.ok(html.text.includes("src=\"cid:picture\""));
        assert.equal(image.id, "<picture>");
        assert.equal(image.hex, png().toString("hex"));
      });
    server.stop();
  });

  describe("to servers of all kinds", () => {
    let shop;
    before(async () => {
      shop = Shop.make(trusting(tls.cert, `, greeting = "shop.test"`));
      await shop.open();
    });
    after(() => shop.close());

    // A message to such a server, until `judge` likes what became of it.
    async function told(options, members, judge) {
      const server = await MailServer.start(options);
      const name = `Post ${server.port}`;
      const { id } = await channel(shop, server, { name, ...members });
      await alert(shop, "hello", { channels: [name] });
      let delivery, state;
      await until(async () => {
        [delivery] = await deliveries(shop, id);
        state = await shop.get(`/api/channels/${id}`);
        return delivery && judge(delivery, state);
      }, 30, "").catch(() => {
        throw new Error(`not told so: ${JSON.stringify([delivery, state])}\n` +
          shop.program.output);
      });
      await shop.ok(200, "DELETE", `/api/channels/${id}`);
      server.stop();
      server.mails.forEach(isSound);
      return { server, delivery, state };
    }
    const isDelivered = (d) => d.state === "delivered";

    it("without encryption there is no password, and it goes", async () => {
      const { server } = await told({}, { security: "none" }, isDelivered);
      assert.equal(server.mails[0].encrypted, false);
      assert.equal(server.mails[0].hello, "shop.test");
    });

    it("with TLS from the start", async () => {
      const { server } = await told({ tls: "implicit", ...tls, ...login },
        { security: "tls", ...login }, isDelivered);
      assert.equal(server.mails[0].user, `${login.user} by PLAIN`);
      assert.equal(server.mails[0].encrypted, true);
    });

    it("a password that is wrong switches the channel off, and says so", async () => {
      const { server, state } = await told({ tls: "starttls", ...tls, ...login },
        { security: "starttls", ...login, password: "sesame" }, (_, s) => !s.enabled);
      assert.match(state.disabled_reason, /check user and password: 535/);
      assert.doesNotMatch(state.disabled_reason, /sesame/);
      assert.equal(server.mails.length, 0);
    });

    it("one that wants a password says that there is none", async () => {
      const { state } = await told({ tls: "starttls", ...tls, ...login },
        { security: "starttls" }, (_, s) => !s.enabled);
      assert.match(state.disabled_reason, /does not let us in.*530/);
    });

    it("one that offers no encryption is sent nothing", async () => {
      const { server } = await told({}, { security: "starttls", ...login },
        (d) => /does not offer STARTTLS/.test(d.error));
      assert.equal(server.mails.length, 0);
    });

    it("one that is asked in the wrong way is explained", async () => {
      await told({}, { security: "tls" }, (d) => /tls goes with port 465/.test(d.error));
    });

    it("one of two recipients refused: the other has it, and it is said", async () => {
      const { server, delivery } = await told({ refuse: ["bob@example.org"] },
        { security: "none", to: "ann@example.org, bob@example.org" }, isDelivered);
      assert.equal(delivery.note, "not for bob@example.org: 550 5.1.1 no such person here");
      assert.deepEqual(server.mails.map((m) => m.recipients), [["ann@example.org"]]);
    });

    it("all recipients refused: it is given up at once", async () => {
      const { delivery } = await told({ refuse: ["ann@example.org"] },
        { security: "none" }, (d) => d.state === "given_up");
      assert.equal(delivery.tries, 1);
      assert.match(delivery.error, /550 5\.1\.1 no such person here/);
    });

    it("one recipient put off is tried again, the other has it once", async () => {
      const { server, delivery } = await told({ put_off: { "bob@example.org": 2 } },
        { security: "none", to: "ann@example.org, bob@example.org" }, isDelivered);
      assert.deepEqual(server.mails.map((m) => m.recipients),
        [["ann@example.org"], ["bob@example.org"]]);
      assert.equal(delivery.tries, 3);
      assert.equal(new Set(server.mails.map((m) => m.headers["message-id"])).size, 1);
    });

    it("a mail that is called junk is given up, with the server's words", async () => {
      const { delivery } = await told({ junk: true }, { security: "none" },
        (d) => d.state === "given_up");
      assert.match(delivery.error, /554 5\.7\.1 this looks like junk/);
    });

    it("a burst takes one connection; what is too much comes as one mail", async () => {
      const server = await MailServer.start();
      const { id } = await channel(shop, server,
        { name: "Burst", security: "none", per_minute: 20 });
      for (let i = 0; i < 75; i++)
        await alert(shop, `alert ${i}`, { channels: ["Burst"], text: ".\n..\n" });
      await until(async () => (await deliveries(shop, id))
        .every((d) => d.state !== "waiting"), 60, "all are told");
      server.mails.forEach(isSound);
      const isSummary = (m) => /messages in a short time/.test(m.headers.subject);
      assert.ok(server.mails.some(isSummary));
      const told = server.mails.flatMap((m) => isSummary(m)
        ? m.parts[0].text.match(/(?<=\* alert )\d+/g) : m.headers.subject.slice(6));
      assert.deepEqual(told.map(Number), [...Array(75).keys()]);
      assert.equal(server.mails[0].parts[0].text.split("\r\n").slice(2, 4).join(), ".,..");
      assert.equal(server.connections, 1);
      server.stop();
    });

    it("a server that hung up meanwhile is called anew, and no try is lost", async () => {
      const server = await MailServer.start({ idle_seconds: 1 });
      const { id } = await channel(shop, server, { name: "Idle", security: "none" });
      for (const title of ["one", "two"]) {
        await alert(shop, title, { channels: ["Idle"] });
        await until(async () => (await deliveries(shop, id))
          .every((d) => d.state === "delivered"), 20, title);
        await new Promise((resolve) => setTimeout(resolve, 1500));
      }
      assert.equal(server.connections, 2);
      assert.ok((await deliveries(shop, id)).every((d) => d.tries === 1));
      server.stop();
    });

    it("the test button says what became of it", async () => {
      const server = await MailServer.start();
      const { id } = await channel(shop, server, { name: "Try", security: "none" });
      assert.deepEqual(await shop.ok(200, "POST", `/api/channels/${id}/test`),
        { delivered: true });
      assert.equal((await server.gets(1))[0].headers.subject, "This is a test of Try");
      server.stop();
      const outcome = await shop.ok(200, "POST", `/api/channels/${id}/test`);
      assert.equal(outcome.delivered, false);
      assert.match(outcome.error, new RegExp(`${home}:\\d+ (cannot be reached|hung up)`));
    });

    it("a preview shows the mail, and sends nothing", async () => {
      const server = await MailServer.start();
      const { id } = await channel(shop, server, { name: "Look", security: "none" });
      const { sent } = await shop.ok(200, "POST", "/api/alerts/preview",
        { topic: "alert.raised", channel_id: id,
          title: "A <b>", text: "why" });
      assert.equal(sent.subject, "A <b>");
      assert.match(sent.body, /^A <b>\n\nwhy\n/);
      assert.match(sent.html, /A &lt;b&gt;/);
      assert.equal(server.connections, 0);
      server.stop();
    });

    for (const [members, why] of [
      [{ host: "https://mail.example.org" }, /host: must be a name/],
      [{ port: 70000 }, /port/],
      [{ security: "ssl" }, /security/],
      [{ security: "none", ...login }, /password is never sent in clear/],
      [{ user: "shop@example.org" }, /user and password: give both/],
      [{ from: "the shop" }, /from: "the shop" is no mail address/],
      [{ from: undefined }, /from: must say who writes/],
      [{ to: "ann@example.org, bob@" }, /to: "bob@" is no mail address/],
      [{ to: "ann@example.org\r\nBcc: eve@example.org" }, /to: .* is no mail address/],
      [{ to: undefined }, /to/],
    ])
      it(`bad settings are refused in words: ${JSON.stringify(members)}`, async () => {
        const answer = await shop.call("POST", "/api/channels",
          { name: "Bad", kind: "email", host: "mail.example.org",
            from: "shop@example.org", to: "ann@example.org", ...members });
        assert.ok([400, 422].includes(answer.status), answer.text);
        assert.match(answer.text.replaceAll("\\\"", "\""), why);
      });
  });

  it("a server that hangs does not keep spoold from ending, and is told later", async () => {
    const shop = Shop.make({ allow_loopback: true, retry_ms: 50 });
    await shop.open();
    const server = await MailServer.start({ hang: true });
    const { id } = await channel(shop, server, { security: "none" });
    await alert(shop, "still there?");
    await until(() => server.hangs, 20, "the server hangs");
    const began = Date.now();
    await shop.stop();
    assert.ok(Date.now() - began < 8000, `it took ${Date.now() - began} ms`);
    server.stop();
    const better = await MailServer.start();
    await shop.start();
    await shop.ok(200, "PUT", `/api/channels/${id}`, { port: better.port });
    await better.gets(1);
    better.stop();
    await shop.close();
  });

  it("a certificate that nobody trusts is sent nothing", async () => {
    const shop = Shop.make({ allow_loopback: true });
    await shop.open();
    for (const [security, kind] of [["tls", "implicit"], ["starttls", "starttls"]]) {
      const server = await MailServer.start({ tls: kind, ...tls, ...login });
      const { id } = await channel(shop, server, { name: kind, security, ...login });
      const outcome = await shop.ok(200, "POST", `/api/channels/${id}/test`);
      assert.match(outcome.error, /certificate that is not to be trusted: .*self.signed/);
      assert.equal(server.mails.length, 0);
      server.stop();
    }
    await shop.close();
  });

  it("this machine is no mail server unless the operator says so", async () => {
    const shop = Shop.make();
    await shop.open();
    const server = await MailServer.start();
    for (const host of [home, "localhost"]) {
      const { id } = await channel(shop, server, { name: host, host, security: "none" });
      const outcome = await shop.ok(200, "POST", `/api/channels/${id}/test`);
      assert.match(outcome.error, /its address leads to this machine itself/);
    }
    assert.equal(server.connections, 0);
    server.stop();
    await shop.close();
  });
});
