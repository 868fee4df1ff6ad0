// The figures of dispatch alone, from a program on its own code.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

export function dispatch(bench) {
    const folder = join(bench.work, 'dispatch');
    mkdirSync(folder);
    const text = execFileSync(join(bench.build, 'tests', 'bench_dispatch'),
        [folder, String(bench.jobs), String(bench.printers)]);
    for (const row of JSON.parse(text))
        bench.most(`${bench.jobs} jobs, ${bench.printers} printers: ${row.name}`,
            row.value, row.unit, row.goal);
}
