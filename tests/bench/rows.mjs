// What is promised, a function a promise.
import { once } from 'node:events';
import { createReadStream, mkdirSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { dispatch } from './dispatch.mjs';
import { compare, loadOnce, median, startLimit } from './load.mjs';
import { notify } from './notify.mjs';
import { writeSliced } from './sliced.mjs';
import { addPrinter, ask, jobOf, setUp, startSpoold } from './spoold.mjs';

const QUEUE_JOBS = 50;
const PRINTS = '/api/bambu/scheduled-prints';

function newFolder(bench) {
    const folder = join(bench.work, `data-${bench.nextNumber()}`);
    mkdirSync(folder);
    return folder;
}

/** A spoold with an administrator, two printers and fifty jobs on the first. */
async function openShop(bench) {
    const data = newFolder(bench);
    const server = await startSpoold(bench, data);
    const token = await setUp(server, data);
    const printers = [await addPrinter(server, token, 1), await addPrinter(server, token, 2)];
    for (let i = 0; i < QUEUE_JOBS; i++)
        await ask(server, 'POST', PRINTS, { token, json: jobOf(printers[0], i) });
    return { data, server, token, printers };
}

/** spoold's answer to a GET beside a bare server's that says the same. */
async function compareGet(bench, shop, { name, path, work }) {
    const sample = await ask(shop.server, 'GET', path, shop);
    const limit = await startLimit(bench, work, sample);
    await compare(bench, name, 0.8, shop.server, limit, { path, token: shop.token });
    await limit.stop();
}

async function reads(bench, shop) {
    const queue = `${PRINTS}/${shop.printers[0]}/queue`;
    const gets = [
        { name: 'GET health, with a token', path: '/api/health', work: 'bytes' },
        { name: 'GET people/me', path: '/api/people/me', work: 'bytes' },
        { name: `GET queue of ${QUEUE_JOBS} jobs`, path: queue, work: 'list' },
    ];
    for (const get of gets) await compareGet(bench, shop, get);
}

async function writes(bench, shop) {
    const body = jobOf(shop.printers[1], 1);
    const sample = await ask(shop.server, 'POST', PRINTS, { ...shop, json: body });
    const limit = await startLimit(bench, 'keep', sample);
    const load = { path: PRINTS, token: shop.token, body };
    await compare(bench, 'durable POST of a job, 32 clients', 0.6, shop.server, limit, load);
    await limit.stop();
}

async function startTimes(bench, folderOf) {
    const times = [];
    for (let i = 0; i < bench.starts; i++) {
        const server = await startSpoold(bench, folderOf());
        times.push(server.readyMs);
        await server.stop();
    }
    return median(times);
}

/** As many jobs as it takes, by the same door as all others. */
async function fill(bench, shop) {
    const body = jobOf(shop.printers[1], 2);
    const load = { path: PRINTS, token: shop.token, body };
    for (;;) {
        const job = await ask(shop.server, 'POST', PRINTS, { ...shop, json: body });
        if (job.json().id >= bench.jobs) return job.json().id;
        await loadOnce(bench, shop.server, load);
    }
}

async function readyEmpty(bench) {
    const ms = await startTimes(bench, () => newFolder(bench));
    bench.most('ready on an empty store', ms, 'ms', 100);
}

async function readyFull(bench, shop) {
    const jobs = await fill(bench, shop);
    await shop.server.stop();
    const ms = await startTimes(bench, () => shop.data);
    bench.most(`ready with ${jobs} jobs`, ms, 'ms', 300);
}

/** Argon2id took its 64 MiB for the password: a new process has not. */
async function restart(bench, shop) {
    await shop.server.stop();
    shop.server = await startSpoold(bench, shop.data);
}

async function upload(shop, path) {
    const put = request(`${shop.server.url}/api/files?name=large.gcode.3mf`, {
        method: 'POST',
        headers: {
            Authorization: `Bearer ${shop.token}`,
            'Content-Length': statSync(path).size,
        },
    });
    createReadStream(path, { highWaterMark: 1 << 20 }).pipe(put);
    const [answer] = await once(put, 'response');
    let text = '';
    for await (const piece of answer) text += piece;
    if (answer.statusCode !== 201) throw new Error(`upload: ${answer.statusCode} ${text}`);
}

async function memory(bench, shop) {
    await restart(bench, shop);
    const plugins = (await ask(shop.server, 'GET', '/api/plugins', shop)).json();
    const idle = (name) => shop.server.kilobytes('smaps_rollup', name) / 1024;
    bench.most(`idle with ${plugins.length} plugins, resident`, idle('Rss'), 'MB', 18);
    bench.most(`idle with ${plugins.length} plugins, private dirty`,
        idle('Private_Dirty'), 'MB', 6);

    const file = join(bench.work, 'large.gcode.3mf');
    writeSliced(file, bench.uploadMegabytes);
    const before = shop.server.kilobytes('status', 'VmHWM');
    await upload(shop, file);
    const peak = (shop.server.kilobytes('status', 'VmHWM') - before) / 1024;
    bench.most(`upload of ${bench.uploadMegabytes} MB, peak above before`, peak, 'MB', 16);
}

export async function measure(bench) {
    await readyEmpty(bench);
    const shop = await openShop(bench);
    await memory(bench, shop);
    await reads(bench, shop);
    await writes(bench, shop);
    await notify(bench);
    dispatch(bench);
    await readyFull(bench, shop);
}
