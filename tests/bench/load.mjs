// Loads: spoold and its limit in turn, with the same requests, in one sitting.
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Server } from './servers.mjs';

const LIMIT_LISTEN = '127.0.0.42:0';
const SCRIPT = join(import.meta.dirname, 'load.lua');

/** Headers that libmicrohttpd adds to every answer by itself. */
const ADDED = ['connection', 'content-length', 'date', 'keep-alive'];

export function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = Math.floor(sorted.length / 2);
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** A bare server that answers exactly what spoold answered here. */
export function startLimit(bench, work, sample) {
    const folder = join(bench.work, `limit-${work}-${bench.nextNumber()}`);
    mkdirSync(folder);
    const body = join(folder, 'body'), head = join(folder, 'head');
    const lines = [...sample.headers].filter(([name]) => !ADDED.includes(name));
    writeFileSync(body, sample.text);
    writeFileSync(head, lines.map(([name, value]) => `${name}: ${value}\n`).join(''));
    return Server.start(join(bench.build, 'tests', 'bench_limit'),
        [LIMIT_LISTEN, work, body, head, folder]);
}

/** One run of wrk: requests a second, and the server's time for each. */
export async function loadOnce(bench, server, { path, token, body }) {
    const env = { ...process.env, BENCH_TOKEN: token };
    if (body) env.BENCH_BODY = JSON.stringify(body);
    const before = server.cpuMicroseconds();
    const { stdout } = await promisify(execFile)('wrk',
        ['-t1', '-c32', `-d${bench.seconds}s`, '-s', SCRIPT, server.url + path], { env });
    const cpu = server.cpuMicroseconds() - before;
    const told = JSON.parse(stdout.slice(stdout.lastIndexOf('\n{')));
    if (told.requests === 0 || told.refused > 0 || told.broken > 0)
        throw new Error(`the load on ${path} went wrong: ${JSON.stringify(told)}`);
    return {
        requests: told.requests,
        perSecond: (told.requests * 1e6) / told.microseconds,
        cpuEach: cpu / told.requests,
    };
}

/** Both servers under the same load in turn; two rows, the first is judged.
 *  A share is taken of each pair, for the machine changes from pair to pair. */
export async function compare(bench, name, goal, spoold, limit, load) {
    const pairs = [];
    for (let round = 0; round < bench.rounds; round++)
        pairs.push({
            limit: await loadOnce(bench, limit, load),
            spoold: await loadOnce(bench, spoold, load),
        });
    const of = (figure) => median(pairs.map(figure));
    bench.share(`${name}, processor time`, of((pair) => pair.spoold.cpuEach), 'us/request',
        of((pair) => pair.limit.cpuEach),
        of((pair) => pair.limit.cpuEach / pair.spoold.cpuEach), goal);
    bench.share(`${name}, requests`, of((pair) => pair.spoold.perSecond), '1/s',
        of((pair) => pair.limit.perSecond),
        of((pair) => pair.spoold.perSecond / pair.limit.perSecond), null);
}
