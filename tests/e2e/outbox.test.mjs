// Nothing is lost and nothing is out of order, whatever dies: spoold is killed
// again and again while it tells a receiver that fails a third of the time.
//   SPOOLD_LONG=1  10,000 events instead of 600
import assert from "node:assert/strict";
import { it } from "node:test";
import { until } from "./help/process.mjs";
import { Receiver } from "./help/receiver.mjs";
import { Shop } from "./help/shop.mjs";

const EVENTS = process.env.SPOOLD_LONG ? 10000 : 600;
const KILLS = process.env.SPOOLD_LONG ? 60 : 8;
const PATHS = ["/a", "/b", "/c"];

// A third of the requests fail, each in its own way; none of them ten times in
// a row, or the message would be given up.
function failing() {
  const failures = new Map();
  return (request, response) => {
    const id = request.headers["webhook-id"];
    const before = failures.get(id) ?? 0;
    if (before >= 6 || Math.random() > 1 / 3) {
      request.accepted = true;
      return response.end();
    }
    failures.set(id, before + 1);
    if (Math.random() < 0.2) return request.socket.destroy();
    response.writeHead(Math.random() < 0.5 ? 500 : 503).end();
  };
}

it(`tells ${EVENTS} events to three channels, killed ${KILLS} times`, async () => {
  const receiver = await Receiver.start(failing());
  const shop = Shop.make({ allow_loopback: true, retry_ms: 1 });
  await shop.open();
  for (const path of PATHS)
    await shop.ok(201, "POST", "/api/channels",
      { name: path, kind: "webhook", url: receiver.url + path });

  // Raised one by one; what was acknowledged must arrive.
  const acknowledged = new Set();
  let next = 0, kills = 0, up = true;
  const raise = async () => {
    while (next < EVENTS) {
      const number = next++;
      for (let tries = 0; ; tries++) {
        await until(() => up, 30, "spoold is up");
        try {
          await shop.ok(201, "POST", "/api/alerts/trigger", { title: `${number}` });
          acknowledged.add(number);
          break;
        } catch (error) {
          // Killed meanwhile: it may have been committed or not; say it anew.
          if (up && tries > 20) throw error;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    }
  };
  const kill = async () => {
    while (kills < KILLS && next < EVENTS) {
      // Spread over the events, at no particular moment.
      const at = Math.floor((EVENTS / KILLS) * (kills + Math.random()));
      await until(() => next >= at, 600, `event ${at}`);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 30));
      up = false;
      await shop.kill();
      await shop.start();
      kills++;
      up = true;
    }
  };
  await Promise.all([raise(), kill()]);
  await until(async () => (await shop.get("/api/deliveries?state=waiting")).length === 0,
    process.env.SPOOLD_LONG ? 600 : 120, "nothing waits any more");
  const givenUp = await shop.get("/api/deliveries?state=given_up");
  assert.deepEqual(givenUp, []);

  let requests = 0, repeated = 0;
  for (const path of PATHS) {
    const seen = receiver.seen.filter((r) => r.url === path);
    const ids = new Map(); // webhook-id -> what it said
    const accepted = new Set(); // ids in the order they first came through
    for (const request of seen) {
      const id = request.headers["webhook-id"];
      const { data } = JSON.parse(request.body);
      assert.equal(ids.get(id) ?? data.title, data.title, "one id, one message");
      ids.set(id, data.title);
      if (request.accepted && accepted.has(id)) repeated++;
      else if (request.accepted) accepted.add(id);
    }
    requests += seen.length;
    const told = [...accepted].map((id) => Number(ids.get(id)));
    const known = new Set(told);
    for (const number of acknowledged)
      assert.ok(known.has(number), `${path} was told ${number}`);
    // One that was raised twice, for its answer was lost, comes twice.
    assert.deepEqual(told, told.toSorted((a, b) => a - b), `${path} is in order`);
  }
  console.log(`${acknowledged.size} events, ${kills} kills, ${requests} requests, ` +
    `${repeated} repeated under the same id, 0 lost, 0 out of order`);
  await shop.close();
  receiver.stop();
});
