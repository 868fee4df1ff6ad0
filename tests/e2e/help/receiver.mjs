// Somebody who is told things over HTTP, and answers as the test says.
import http from "node:http";
import https from "node:https";
import { home } from "./simulator.mjs";
import { until } from "./process.mjs";

const running = new Set();
process.on("exit", () => running.forEach((server) => server.close()));

export class Receiver {
  // answer(request, response): whatever it does; the body is request.body.
  static async start(answer = (_, response) => response.end(), tls) {
    const receiver = new Receiver();
    receiver.seen = [];
    receiver.answer = answer;
    const serve = (request, response) => {
      const parts = [];
      request.on("data", (part) => parts.push(part));
      request.on("end", () => {
        request.body = Buffer.concat(parts);
        receiver.seen.push(request);
        receiver.answer(request, response);
      });
    };
    receiver.server = tls
      ? https.createServer(tls, serve) : http.createServer(serve);
    receiver.server.keepAliveTimeout = 60000;
    await new Promise((resolve) => receiver.server.listen(0, home, resolve));
    running.add(receiver.server);
    receiver.url =
      `http${tls ? "s" : ""}://${home}:${receiver.server.address().port}`;
    return receiver;
  }

  json(i) {
    return JSON.parse(this.seen.at(i).body);
  }

  async hears(count, seconds = 30) {
    await until(() => this.seen.length >= count, seconds,
      `${count} requests at the receiver`);
    return this.seen;
  }

  stop() {
    running.delete(this.server);
    this.server.closeAllConnections();
    this.server.close();
  }
}
