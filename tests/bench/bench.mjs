// The table of what is promised: options, limits of time, and how it is shown.
import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { measure } from './rows.mjs';
import { stopAll } from './servers.mjs';

const LONGEST_MS = 175_000;

const sizes = {
    whole: { seconds: 1, rounds: 9, starts: 5, jobs: 100_000, printers: 1000, uploadMegabytes: 400,
        alerts: 400 },
    quick: { seconds: 1, rounds: 2, starts: 3, jobs: 10_000, printers: 100, uploadMegabytes: 400,
        alerts: 200 },
    smoke: { seconds: 1, rounds: 1, starts: 1, jobs: 1, printers: 1,
        uploadMegabytes: 4, alerts: 8 },
};

class Bench {
    rows = [];
    #number = 0;

    constructor(build, size) {
        Object.assign(this, size, { build: resolve(build) });
        // Not where temporary files go: memory would make each sync free.
        this.work = mkdtempSync(join(this.build, 'bench-'));
    }

    nextNumber() {
        return this.#number++;
    }

    /** A figure beside its limit; a goal is the least share. */
    share(name, value, unit, limit, ratio, goal) {
        const ok = goal === null ? null : ratio >= goal;
        this.rows.push({ name, value, unit, limit, ratio, goal, ok });
    }

    /** A figure that must stay below its goal. */
    most(name, value, unit, goal) {
        this.rows.push({ name, value, unit, limit: null, ratio: null, goal, ok: value < goal });
    }
}

const number = (value) => (value === null ? '' : value.toFixed(value < 1000 ? 1 : 0));
const percent = (value) => (value === null ? '' : `${Math.round(value * 100)} %`);

function goalText(row) {
    if (row.goal === null) return '';
    return row.ratio === null ? `< ${row.goal}` : `>= ${percent(row.goal)}`;
}

function printTable(rows) {
    const words = { true: 'ok', false: 'MISSED', null: '' };
    const lines = [['figure', 'spoold', 'unit', 'limit', 'share', 'goal', '']];
    for (const row of rows)
        lines.push([row.name, number(row.value), row.unit, number(row.limit),
            percent(row.ratio), goalText(row), words[row.ok]]);
    const widths = lines[0].map((_, column) =>
        Math.max(...lines.map((line) => line[column].length)));
    const alignRight = [1, 3, 4, 5];
    for (const line of lines)
        console.log(line.map((cell, column) => alignRight.includes(column)
            ? cell.padStart(widths[column]) : cell.padEnd(widths[column])).join('  ').trimEnd());
}

const { values: options } = parseArgs({
    options: {
        build: { type: 'string' },
        json: { type: 'boolean' },
        quick: { type: 'boolean' },
        smoke: { type: 'boolean' },
    },
});
const size = options.smoke ? sizes.smoke : options.quick ? sizes.quick : sizes.whole;
const bench = new Bench(options.build, size);

async function end(status) {
    await stopAll();
    rmSync(bench.work, { recursive: true, force: true });
    process.exit(status);
}

setTimeout(() => {
    console.error(`not done after ${LONGEST_MS / 1000} s`);
    end(1);
}, LONGEST_MS);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => end(1));

try {
    await measure(bench);
} catch (error) {
    console.error(error);
    await end(1);
}
if (options.json) console.log(JSON.stringify(bench.rows, null, 2));
else printTable(bench.rows);
const missed = bench.rows.some((row) => row.ok === false);
await end(missed && !options.smoke ? 1 : 0);
