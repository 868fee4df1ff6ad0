// A real mail server (smtpd.py), and what it was given.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { until } from "./process.mjs";
import { home } from "./simulator.mjs";

const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

export const hasMailServer =
  spawnSync("/usr/bin/python3", ["-c", "import aiosmtpd"]).status === 0;

// A key, and a certificate for this address that is its own authority.
export function certificate(place) {
  const key = path.join(place, "mail.key"), cert = path.join(place, "mail.pem");
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt",
    "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=mail.test",
    "-addext", `subjectAltName=IP:${home}`, "-keyout", key, "-out", cert],
  { stdio: "ignore" });
  return { key, cert };
}

export class MailServer {
  static async start(options = {}) {
    const server = new MailServer();
    server.mails = [];
    server.connections = 0;
    server.child = spawn("/usr/bin/python3", [
      path.join(import.meta.dirname, "smtpd.py"),
      JSON.stringify({ address: home, ...options }),
    ], { stdio: ["ignore", "pipe", "pipe"] });
    running.add(server.child);
    let complaint = "";
    for (const handle of [server.child, server.child.stdout, server.child.stderr])
      handle.unref();
    server.child.stderr.on("data", (text) => (complaint += text));
    readline.createInterface({ input: server.child.stdout }).on("line", (line) => {
      const said = JSON.parse(line);
      if (said.what === "listening") server.port = said.port;
      if (said.what === "connection") server.connections = said.number;
      if (said.what === "hanging") server.hangs = true;
      if (said.what === "mail") server.mails.push(said);
    });
    await until(() => server.port || complaint, 20, "a mail server");
    if (!server.port) throw new Error(complaint);
    return server;
  }

  async gets(count, seconds = 30) {
    await until(() => this.mails.length >= count, seconds, "").catch(() => {
      throw new Error(`not ${count} mails within ${seconds} s, but ` +
        JSON.stringify(this.mails.map((m) => m.headers.subject)));
    });
    return this.mails;
  }

  stop() {
    running.delete(this.child);
    this.child.kill("SIGKILL");
  }
}
