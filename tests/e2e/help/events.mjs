// The journal as a client of GET /api/events sees it.
import assert from "node:assert/strict";
import { until } from "./process.mjs";

function parse(block) {
  const event = {};
  for (const line of block.split("\n")) {
    const colon = line.indexOf(": ");
    if (colon > 0) event[line.slice(0, colon)] = line.slice(colon + 2);
  }
  return event.data && {
    id: Number(event.id), topic: event.event, ...JSON.parse(event.data),
  };
}

export class Events {
  // From now on, or from behind the event with the number `after`.
  static async follow(shop, { after, topic } = {}) {
    const events = new Events();
    events.seen = [];
    events.stopping = new AbortController();
    const answer = await fetch(
      `${shop.url}/api/events${topic ? `?topic=${topic}` : ""}`, {
        signal: events.stopping.signal,
        headers: {
          Authorization: `Bearer ${shop.token}`,
          ...(after !== undefined && { "Last-Event-ID": `${after}` }),
        },
      });
    assert.equal(answer.status, 200);
    events.reading = events.read(answer.body).catch(() => {});
    return events;
  }

  async read(body) {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const bytes of body) {
      const blocks = (rest + decoder.decode(bytes, { stream: true })).split("\n\n");
      rest = blocks.pop();
      this.seen.push(...blocks.map(parse).filter(Boolean));
    }
  }

  // The first event of this topic, once it has come.
  async comes(topic, seconds = 30) {
    return until(() => this.seen.find((e) => e.topic === topic), seconds,
      `an event ${topic}`);
  }

  async stop() {
    this.stopping.abort();
    await this.reading;
  }
}
