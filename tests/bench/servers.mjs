// Servers under load: started, watched through /proc, ended by their own pid.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

const START_MS = 10_000;
const STOP_MS = 10_000;
const TICKS_PER_SECOND = 100; // USER_HZ, the same on every Linux

const running = new Set();

/** Ends whatever a failure left behind. */
export async function stopAll() {
    await Promise.all([...running].map((server) => server.stop()));
}

export class Server {
    /** Starts a program and waits for its line `READY http://...`. */
    static async start(program, args) {
        const server = new Server();
        const began = process.hrtime.bigint();
        server.child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
        running.add(server);
        server.url = await server.#ready(program);
        server.readyMs = Number(process.hrtime.bigint() - began) / 1e6;
        return server;
    }

    #ready(program) {
        return new Promise((resolve, reject) => {
            let said = '';
            const fail = (why) => reject(new Error(`${program} ${why}:\n${said}`));
            const late = setTimeout(() => fail('was not ready in time'), START_MS);
            const listen = (piece) => {
                if (said.length < 65536) said += piece;
                const found = /READY (http:\S+)/.exec(said);
                if (!found) return;
                clearTimeout(late);
                resolve(found[1]);
            };
            this.child.stdout.on('data', listen);
            this.child.stderr.on('data', listen);
            this.child.once('error', (error) => fail(error.message));
            this.child.once('exit', (status) => {
                clearTimeout(late);
                fail(`ended with status ${status}`);
            });
        });
    }

    async stop() {
        running.delete(this);
        if (this.child.exitCode !== null || this.child.pid === undefined) return;
        const ended = once(this.child, 'exit');
        this.child.kill('SIGTERM');
        const late = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS);
        await ended;
        clearTimeout(late);
    }

    #proc(file) {
        return readFileSync(`/proc/${this.child.pid}/${file}`, 'utf8');
    }

    /** Processor time so far, of all threads. */
    cpuMicroseconds() {
        const behindName = this.#proc('stat').split(') ').pop().split(' ');
        const ticks = Number(behindName[11]) + Number(behindName[12]);
        return (ticks * 1e6) / TICKS_PER_SECOND;
    }

    /** Figures in KB, such as VmHWM of "status", Rss of "smaps_rollup". */
    kilobytes(file, name) {
        const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(this.#proc(file));
        if (!found) throw new Error(`${file} has no ${name}`);
        return Number(found[1]);
    }
}
