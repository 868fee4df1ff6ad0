// Programs of the build, run as children: their output is kept, and none of
// them outlives the test.
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

if (!process.env.SPOOLD_BUILD)
  throw new Error("set SPOOLD_BUILD to the build folder");
export const program = (name) => path.join(process.env.SPOOLD_BUILD, name);

const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

// Poll until `look` returns something true, and return that; fail in words.
export async function until(look, seconds, what = look.toString()) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > deadline)
      throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export class Program {
  constructor(name, args, env = {}) {
    this.name = name;
    this.output = ""; // of both kinds
    this.stdout = "";
    this.child = spawn(program(name), args, {
      env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"],
    });
    running.add(this.child);
    // A test that fails leaves it behind: it must not keep us from ending.
    for (const handle of [this.child, this.child.stdout, this.child.stderr])
      handle.unref();
    this.child.on("error", (error) => {
      this.output += error.message;
      this.status = "not started";
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.setEncoding("utf8").on("data", (text) => (this.output += text));
    this.child.stdout.on("data", (text) => (this.stdout += text));
    // Only after "close" has all of the output been read.
    this.ended = once(this.child, "close").then(([status, signal]) => {
      running.delete(this.child);
      this.status = status ?? signal;
      return this.status;
    }, () => {});
  }

  // The first match of the output, once it is there.
  async says(pattern, seconds = 30) {
    return until(() => {
      const match = this.output.match(pattern);
      if (!match && this.status !== undefined)
        throw new Error(`${this.name} ended (${this.status}):\n${this.output}`);
      return match;
    }, seconds, `${this.name} says ${pattern}; it said:\n${this.output}`);
  }

  async end(signal = "SIGTERM", seconds = 30) {
    if (this.status === undefined) this.child.kill(signal);
    await until(() => this.status !== undefined, seconds, `${this.name} ends`);
    return this.status;
  }

  // What no run may leave behind.
  complaint() {
    const found = this.output.match(
      /.*(ERROR: \w+Sanitizer|runtime error:|LeakSanitizer|Assertion).*/);
    return found && `${this.name}: ${found[0]}\n${this.output}`;
  }
}

// Run to the end, and return how that was.
export async function run(name, args, env) {
  const one = new Program(name, args, env);
  await until(() => one.status !== undefined, 60, `${name} ${args.join(" ")}`);
  return { status: one.status, output: one.output, stdout: one.stdout };
}
