// What people, scripts and strangers send, and what spoold answers; and what it
// says before it serves at all.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { program, run, until } from "./help/process.mjs";
import { Shop, inShop } from "./help/shop.mjs";
import { sha256, sliced } from "./help/sliced.mjs";
import { home } from "./help/simulator.mjs";
import { zip } from "./help/zip.mjs";

const PRINTS = "/api/bambu/scheduled-prints";

// A printer that nobody needs to reach.
const faraway = (name, model = "P1S") => ({
  name, model, kind: "bambu", host: home, serial: "01P00A000000001",
  access_code: "12345678", mqtt_port: 1, ftps_port: 1, enabled: false,
});

describe("the API", () => {
  let shop, file, printer;
  before(async () => {
    shop = Shop.make({ max_upload_mb: 8 });
    await shop.open();
    file = await shop.upload(sliced());
    printer = await shop.ok(201, "POST", "/api/printers", faraway("Left"));
  });
  after(() => shop.close());

  const refuses = async (status, pattern, method, route, body, headers) => {
    const answer = await shop.call(method, route, body, headers);
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.body.error, pattern);
    assert.equal(typeof answer.body.code, "string");
    return answer.body;
  };
  const upload = (status, pattern, bytes) =>
    refuses(status, pattern, "POST", "/api/files?name=x.gcode.3mf", bytes);

  test("refuses files that are not sliced, in words that say what to do", async () => {
    const good = sliced();
    const model = { name: "3D/3dmodel.model", data: "<model/>" };
    const cases = [
      [/not been sliced/, zip([model])],
      [/not a 3MF file/, zip([{ name: "readme.txt", data: "hello" }])],
      [/not a 3MF file/, Buffer.from("G28\nG1 X10\n")],
      [/cut off/, good.subarray(0, good.length - 200)],
      [/200 times/, zip([model, { name: "bomb", data: Buffer.alloc(4 << 20), deflate: true }])],
      [/leads outside/, zip([model, { name: "../../etc/passwd", data: "x" }])],
      [/4 GiB|make no sense|damaged|200 times/,
        zip([model, { name: "Metadata/plate_1.gcode", data: "x", claims: 0xffffffff }])],
      [/description of the plates/, zip([model,
        { name: "Metadata/slice_info.config", data: "<config><plate>" },
        { name: "Metadata/plate_1.gcode", data: "G28" }])],
      [/document type/, zip([model, { name: "Metadata/plate_1.gcode", data: "G28" },
        { name: "Metadata/slice_info.config",
          data: '<!DOCTYPE a [<!ENTITY b "c">]><config>&b;</config>' }])],
    ];
    for (const [pattern, bytes] of cases) await upload(422, pattern, bytes);
    assert.deepEqual((await shop.get("/api/files")).map((f) => f.id), [file.id]);
  });

  test("keeps the same bytes once, and gives them back as they were", async () => {
    const bytes = sliced();
    const first = await shop.call("POST", "/api/files?name=a.gcode.3mf", bytes);
    const second = await shop.call("POST", "/api/files?name=b.gcode.3mf", bytes);
    assert.deepEqual([first.status, second.status], [201, 200]);
    assert.equal(first.body.id, second.body.id);
    const back = await fetch(`${shop.url}/api/files/${first.body.id}/content`,
      { headers: { Authorization: `Bearer ${shop.token}` } });
    assert.equal(sha256(Buffer.from(await back.arrayBuffer())), sha256(bytes));
    const picture = await fetch(`${shop.url}/api/files/${first.body.id}/plates/1/thumbnail`,
      { headers: { Authorization: `Bearer ${shop.token}` } });
    assert.equal(picture.headers.get("content-type"), "image/png", await picture.text());
    await shop.ok(200, "DELETE", `/api/files/${first.body.id}`);
  });

  test("names both models when a file was sliced for another one", async () => {
    const x1c = await shop.upload(sliced({ model: "X1C" }));
    const { fields } = await refuses(422, /P1S.*X1C/, "POST", PRINTS,
      { file_id: x1c.id, printer_id: printer.id, plate: 1 });
    assert.match(fields.printer_id, /P1S/);
    await refuses(422, /no plate 7/, "POST", PRINTS, { file_id: file.id, plate: 7 });
    await refuses(422, /no file 999/, "POST", PRINTS, { file_id: 999, plate: 1 });
  });

  test("refuses JSON that is not one, and members that are not what they should be", async () => {
    const bad = [
      ["{", /JSON|line|end/i],
      ["[".repeat(100) + "]".repeat(100), /deep|nest/i],
      ['{"name":"a","name":"b"}', /name/],
      ['{"file_id":1e400}', /./],
      ["[]", /object/],
    ];
    for (const [body, pattern] of bad)
      await refuses(400, pattern, "POST", PRINTS, body);
    const one = { file_id: file.id };
    for (const [field, value] of [
      ["copies", "two"], ["copies", 0], ["copies", 1.5], ["priority", 1e9], ["plate", -1],
      ["scheduled_start", "tomorrow"], ["tags", "red"], ["job_name", 7],
      ["colour", "red"], ["id", 7],
    ]) {
      const { fields } = await refuses(400, new RegExp(field), "POST", PRINTS,
        { ...one, [field]: value });
      assert.ok(fields[field], `${field}: ${JSON.stringify(fields)}`);
    }
    const { fields } = await refuses(400, /./, "POST", "/api/printers", { name: "" });
    assert.deepEqual(Object.keys(fields).sort(), ["kind", "model", "name"]);
    await refuses(400, /limit/, "GET", "/api/jobs?limit=many");
    await refuses(400, /wish/, "GET", "/api/jobs?wish=1");
    await refuses(415, /json/, "POST", PRINTS, "a=b",
      { "Content-Type": "application/x-www-form-urlencoded" });
  });

  test("lets nobody in without a token, at any address but a stranger's", async (t) => {
    const { paths } = await shop.get("/api/openapi.json");
    const open = ["get /api/health", "post /api/setup", "post /api/sessions",
      "get /api/hooks/{key}", "post /api/hooks/{key}"];
    const token = shop.token;
    let asked = 0;
    t.after(() => (shop.token = token));
    for (const bad of [undefined, "wrong"]) {
      shop.token = bad;
      for (const [route, methods] of Object.entries(paths))
        for (const method of Object.keys(methods)) {
          const { status } = await shop.call(method.toUpperCase(),
            route.replace(/\{\w+\}/g, "1"));
          if (open.includes(`${method} ${route}`)) continue;
          assert.equal(status, 401, `${method} ${route}`);
          asked++;
        }
    }
    assert.ok(asked > 60, `${asked} calls`);
  });

  test("stops a body that is too large before it is sent", async () => {
    const { hostname, port } = new URL(shop.url);
    for (const [route, type] of [[PRINTS, "application/json"],
      ["/api/files?name=x.3mf", "application/octet-stream"]]) {
      const socket = net.connect(Number(port), hostname);
      socket.write(`POST ${route} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n` +
        `Authorization: Bearer ${shop.token}\r\nContent-Type: ${type}\r\n` +
        `Content-Length: ${1 << 30}\r\n\r\n`);
      let answer = "";
      socket.setEncoding("latin1").on("data", (text) => (answer += text));
      await until(() => answer.includes("\r\n\r\n"), 10, "an answer without a body");
      assert.match(answer, /^HTTP\/1.1 413 /);
      socket.destroy();
    }
  });

  test("does not know what is not there", async () => {
    for (const route of ["/api/jobs/999", "/api/jobs/999/attempts", "/api/printers/999",
      "/api/printers/999/status", "/api/files/999", "/api/bambu/materials/999",
      `${PRINTS}/999`, `${PRINTS}/999/queue`, "/api/nothing"])
      await refuses(404, /./, "GET", route);
    await refuses(404, /999/, "POST", "/api/printers/999/plate-cleared");
    await refuses(404, /999/, "POST", "/api/printers/999/pause");
    await refuses(404, /999/, "DELETE", `${PRINTS}/999`);
    await refuses(405, /./, "DELETE", "/api/jobs");
  });

  test("allows only the moves of the table, and names them", async () => {
    const job = await shop.ok(201, "POST", PRINTS,
      { job_name: "By hand", printer_id: printer.id });
    const move = (status) => [`PUT`, `${PRINTS}/${job.id}`, { status }];
    await shop.ok(200, ...move("started"));
    await refuses(409, /can become: completed, failed, cancelled, queued/, ...move("scheduled"));
    const done = await shop.ok(200, ...move("completed"));
    assert.ok(done.started_at && done.completed_at);
    await refuses(409, /nothing else/, ...move("queued"));
    await refuses(409, /./, "DELETE", `${PRINTS}/${job.id}`);
    await refuses(400, /status/, ...move("melted"));
    await refuses(422, /cannot begin as completed/, "POST", PRINTS,
      { job_name: "Past", status: "completed" });
  });

  test("does a thing once for one Idempotency-Key, however often it is asked", async () => {
    const ask = { job_name: "Once", printer_id: printer.id };
    const once = { "Idempotency-Key": "order-4711" };
    const first = await shop.call("POST", PRINTS, ask, once);
    const second = await shop.call("POST", PRINTS, ask, once);
    assert.deepEqual([first.status, second.status], [201, 201]);
    assert.equal(first.text, second.text);
    await refuses(422, /Idempotency-Key/, "POST", PRINTS, { ...ask, job_name: "Twice" }, once);
    await shop.stop();
    await shop.start();
    assert.equal((await shop.call("POST", PRINTS, ask, once)).body.id, first.body.id);
    const jobs = await shop.get("/api/jobs");
    assert.equal(jobs.filter((j) => j.job_name === "Once").length, 1);
  });

  test("does not let the slower of two edits undo the faster one", async () => {
    const { id } = await shop.ok(201, "POST", PRINTS,
      { job_name: "Twice edited", printer_id: printer.id });
    const read = await shop.call("GET", `/api/jobs/${id}`);
    const mine = { "If-Match": read.headers.get("etag") };
    const edit = `${PRINTS}/${id}`;
    const first = await shop.call("PUT", edit, { priority: 5 }, mine);
    assert.equal(first.status, 200, first.text);
    await refuses(412, /read it again/, "PUT", edit, { priority: 1 }, mine);
    assert.equal((await shop.get(`/api/jobs/${id}`)).priority, 5);
    await shop.ok(200, "PUT", edit, { priority: 1 },
      { "If-Match": first.headers.get("etag") });
    await shop.ok(200, "PUT", edit, { priority: 2 }); // whatever it is by now
    assert.equal((await shop.cancel(id)).status, 200);
  });

  test("never shows a secret", async () => {
    const all = await shop.call("GET", "/api/printers");
    assert.ok(!all.text.includes("12345678"));
    assert.equal(all.body[0].access_code_set, true);
    const data = fs.readdirSync(shop.data, { recursive: true })
      .map((name) => path.join(shop.data, name)).filter((name) => fs.statSync(name).isFile());
    for (const name of data)
      assert.ok(!fs.readFileSync(name).includes("12345678"), `${name} holds the access code`);
    assert.ok(!shop.program.output.includes("12345678"));
  });
});

test("a full disk stops uploads, and printing goes on", async (t) => {
  const shop = Shop.make();
  const disk = path.join(shop.place, "disk");
  fs.mkdirSync(disk);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=320m", "tmpfs", disk], { stdio: "ignore" });
  } catch {
    t.skip("no permission to mount a small disk");
    return;
  }
  try {
    await inShop(["X1C"], { data: path.join(disk, "data") }, async (shop, sim, [printer]) => {
      const file = await shop.upload(sliced({ model: "X1C" }));
      const filler = path.join(disk, "filler");
      fs.writeFileSync(filler, Buffer.alloc(100 << 20));
      const upload = () => shop.call("POST", "/api/files?name=x.3mf", sliced({ model: "X1C" }));
      const refused = await until(async () => { // it looks once a second
        const answer = await upload();
        return answer.status !== 201 && answer;
      }, 10, "an upload is refused");
      assert.equal(refused.status, 503, refused.text);
      assert.match(refused.body.error, /disk is nearly full/);
      const { id } = await shop.order(file, { printer_id: printer.id });
      await shop.reaches(id, "completed");
      fs.unlinkSync(filler);
      await until(async () => (await upload()).status === 201, 10, "there is room again");
    });
  } finally {
    execFileSync("umount", ["-l", disk]);
  }
});

describe("spoold", { concurrency: 2 }, () => {
  const inFolder = (body) => async () => {
    const shop = Shop.make();
    await body(shop);
    fs.rmSync(shop.place, { recursive: true });
  };

  test("names line and key of a mistake in its configuration", inFolder(async (shop) => {
    for (const [text, pattern] of [
      ['listen = "127.0.0.1:0"\nlissten = "x"\n', /line 2: lissten is not known/],
      ["max_upload_mb = \"many\"\n", /line 1: max_upload_mb/],
      ["plugins = { \"no-such-plugin\" }\n", /no-such-plugin/],
      ["listen = = 1\n", /line 1/],
      ['time_zone = "Europe/Bertin"\n', /line 1: time_zone must be one of the time zone/],
      ['time_zone = "../../../etc/passwd"\n', /line 1: time_zone must be one of the time zone/],
    ]) {
      fs.writeFileSync(shop.config, text);
      for (const args of [["--check-config"], []]) {
        if (text.startsWith("plugins") && args.length === 0) continue; // it serves without
        const { status, output } = await run("spoold",
          ["--config", shop.config, "--data", shop.data, ...args]);
        assert.equal(status, 1, output);
        assert.match(output, pattern);
      }
    }
    fs.writeFileSync(shop.config, 'max_upload_mb = 8\ntime_zone = "Europe/Berlin"\n');
    const { status } = await run("spoold", ["--config", shop.config, "--check-config"]);
    assert.equal(status, 0);
  }));

  test("does not share a data folder, nor a port", inFolder(async (shop) => {
    await shop.open();
    const { host } = new URL(shop.url);
    const twin = await run("spoold", ["--data", shop.data, "--listen", `${home}:0`]);
    assert.equal(twin.status, 1, twin.output);
    assert.match(twin.output, /already|another|in use/i);
    const other = await run("spoold",
      ["--data", path.join(shop.place, "other"), "--listen", host]);
    assert.equal(other.status, 1, other.output);
    assert.ok(other.output.includes(host), other.output);
    assert.equal((await shop.get("/api/printers")).length, 0);
    await shop.stop();
  }));

  test("answers --help, --version, --list-plugins and --check-plugin", inFolder(async () => {
    const wanted = [
      [["--help"], 0, /--data DIR/], [["--version"], 0, /\d+\.\d+\.\d+/],
      [["--list-plugins"], 0, /bambu-mqtt/],
      [["--check-plugin", path.join(path.dirname(program("spoold")), "plugins", "bambu-mqtt.so")],
        0, /bambu/],
      [["--check-plugin", "/nonexistent.so"], 1, /nonexistent/],
      [["--nonsense"], null, /--nonsense.*--help/], [["--data"], null, /needs an argument/],
      [["--data", "/nonexistent/shop", "check"], 1, /nonexistent/],
    ];
    for (const [args, status, pattern] of wanted) {
      const ended = await run("spoold", args);
      if (status === null) assert.notEqual(ended.status, 0);
      else assert.equal(ended.status, status, `${args}: ${ended.output}`);
      assert.match(ended.output, pattern);
    }
  }));

  test("is backed up while it serves, and restored elsewhere", inFolder(async (shop) => {
    await shop.open();
    const bytes = sliced();
    const file = await shop.upload(bytes);
    await shop.ok(201, "POST", PRINTS, { job_name: "Kept" });
    const copy = path.join(shop.place, "copy");
    const saved = await run("spoold", ["--config", shop.config, "--data", shop.data, "backup", copy]);
    assert.equal(saved.status, 0, saved.output);
    await shop.ok(201, "POST", PRINTS, { job_name: "Too late" });
    await shop.stop();

    const over = await run("spoold", ["--data", shop.data, "restore", copy]);
    assert.equal(over.status, 1, "what is there is not overwritten");
    const key = `${shop.data}.key`;
    shop.data = path.join(shop.place, "restored");
    fs.copyFileSync(key, `${shop.data}.key`);
    const restored = await run("spoold", ["--data", shop.data, "restore", copy]);
    assert.equal(restored.status, 0, restored.output);
    await shop.check();
    await shop.start();
    assert.deepEqual((await shop.get("/api/jobs")).map((j) => j.job_name), ["Kept"]);
    const back = await fetch(`${shop.url}/api/files/${file.id}/content`,
      { headers: { Authorization: `Bearer ${shop.token}` } });
    assert.equal(sha256(Buffer.from(await back.arrayBuffer())), sha256(bytes));
    await shop.stop();
  }));

  test("takes its set-up code once", inFolder(async (shop) => {
    await shop.start();
    const early = await shop.call("GET", "/api/jobs");
    assert.equal(early.status, 503);
    const code = path.join(shop.data, "setup-code");
    assert.equal(fs.statSync(code).mode & 0o777, 0o600);
    const member = { email: "eve@example.com", password: "correct horse" };
    const wrong = await shop.call("POST", "/api/setup", { code: "0".repeat(32), ...member });
    assert.ok([401, 403].includes(wrong.status), wrong.text);
    const right = fs.readFileSync(code, "utf8").trim();
    await shop.setUp();
    assert.ok(!fs.existsSync(code));
    const again = await shop.call("POST", "/api/setup", { code: right, ...member });
    assert.ok([401, 403, 409].includes(again.status), again.text);
    await shop.stop();
  }));
});
