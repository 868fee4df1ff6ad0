// bambu-sim and its control port.
import { Program } from "./process.mjs";

// All of 127/8 is loopback: each test process has a net of its own.
const net = `127.${1 + ((process.pid >> 8) & 63)}.${process.pid & 255}`;
let lastHost = 9;

// The first slot of every printer; an A2L counts from its unit 16.
export const firstSlot = (model) => (model === "A2L" ? 64 : 0);

// What lies in the four slots of every printer, a full kilogram each.
const trays = [
  { slot: 0, type: "PLA", color: "000000FF" },
  { slot: 1, type: "PLA", color: "FFFFFFFF" },
  { slot: 2, type: "PETG", color: "000000FF" },
  { slot: 3, type: "PLA", color: "C12E1FFF" },
];

export const home = `${net}.1`;

export class Simulator {
  // models: ["P1S", ...], a printer each; options go to bambu-sim as they are.
  static async start(models, options = {}) {
    const sim = new Simulator();
    sim.options = { speed: 300, "print-seconds": 600, "report-ms": 200, ...options };
    sim.printers = models.map((model, i) => ({
      model, host: `${net}.${++lastHost}`, mqtt_port: 8883, ftps_port: 9990,
      serial: `01P00A${String(lastHost).padStart(9, "0")}`,
      access_code: `code${String(i).padStart(4, "0")}`,
    }));
    await sim.up();
    return sim;
  }

  async up() {
    const args = Object.entries(this.options).flatMap(([k, v]) => [`--${k}`, `${v}`]);
    for (const p of this.printers)
      args.push("--printer", [p.model.replace(" ", ""), p.serial, p.host,
        p.mqtt_port, p.ftps_port, p.access_code].join(":"));
    this.program = new Program("bambu-sim", [...args, "--control", `${net}.${++lastHost}:9099`]);
    const [, control] = await this.program.says(/READY control=(\S+)/);
    this.url = `http://${control}`;
    for (const printer of this.printers)
      for (const tray of trays)
        await this.act(printer, "tray", { ...tray, slot: tray.slot + firstSlot(printer.model) });
  }

  async ask(path, body) {
    const answer = await fetch(this.url + path, body && {
      method: "POST", body: JSON.stringify(body),
      headers: { "Content-Type": "application/json" },
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`simulator: ${path}: ${text}`);
    return JSON.parse(text);
  }

  see(printer) {
    return this.ask(`/printers/${printer.serial}`);
  }

  // Starts we sent, without prints begun at the printer.
  async starts(printer) {
    return (await this.see(printer)).starts.filter((s) => !s.foreign);
  }

  act(printer, action, body = {}) {
    return this.ask(`/printers/${printer.serial}/${action}`, body);
  }

  fault(printer, fault, members = {}) {
    return this.act(printer, "fault", { fault, ...members });
  }

  speed(factor) {
    return this.ask("/speed", { factor });
  }

  async end() {
    await this.program.end();
    const complaint = this.program.complaint();
    if (complaint) throw new Error(complaint);
  }
}
