// How soon people are told, and how many of them at once.
//
// The receiver is node on the same processors, so these are figures of both. An
// alert takes the way that a printer's report takes: one commit for what happened,
// one for the message and its deliveries, then the request.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { Server } from './servers.mjs';
import { ask, setUp } from './spoold.mjs';

const HOME = '127.0.0.44';
const CHANNELS = 20;
const WANTED_PER_SECOND = 1000;
const hasClient = spawnSync('mosquitto_sub', ['--help']).error === undefined;

function newReceiver() {
    const receiver = { count: 0, told: new Map() };
    receiver.server = createServer((request, response) => {
        const at = performance.now();
        let body = '';
        request.on('data', (piece) => (body += piece));
        request.on('end', () => {
            response.writeHead(204).end();
            receiver.count++;
            const { data } = JSON.parse(body);
            const colour = data.event?.material?.color?.slice(1, 7);
            receiver.told.set(colour ?? data.title, at);
        });
    });
    receiver.server.keepAliveTimeout = 60_000;
    return new Promise((resolve) => receiver.server.listen(0, HOME, () => {
        receiver.url = `http://${HOME}:${receiver.server.address().port}`;
        resolve(receiver);
    }));
}

async function openShop(bench, receiver, channels, plugins = '"webhook"') {
    const data = join(bench.work, `notify-${bench.nextNumber()}`);
    mkdirSync(data);
    writeFileSync(`${data}.conf`, 'allow_loopback = true\nplugins = { ' +
        `${plugins} }\n`);
    const server = await Server.start(join(bench.build, 'spoold'),
        ['--config', `${data}.conf`, '--data', data, '--listen', '127.0.0.41:0']);
    const shop = { server, token: await setUp(server, data) };
    for (let i = 0; i < channels; i++)
        await ask(server, 'POST', '/api/channels', { ...shop, json: {
            name: `Channel ${i}`, kind: 'webhook', url: `${receiver.url}/${i}`,
        } });
    return shop;
}

const alert = (shop, title) =>
    ask(shop.server, 'POST', '/api/alerts/trigger', { ...shop, json: { title } });

async function until(look, seconds) {
    const deadline = performance.now() + seconds * 1000;
    while (!look()) {
        if (performance.now() > deadline) throw new Error('people were not told in time');
        await pause(2);
    }
}

const percentile = (times, share) =>
    times.sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * share))];

/** From before the request to the receiver's socket, one at a time. */
async function soon(bench, receiver) {
    const shop = await openShop(bench, receiver, 1);
    const times = [];
    for (let i = 0; i < bench.alerts; i++) {
        const began = performance.now();
        await alert(shop, `soon ${i}`);
        await until(() => receiver.told.has(`soon ${i}`), 10);
        times.push(receiver.told.get(`soon ${i}`) - began);
    }
    await shop.server.stop();
    bench.most('from what happens to the receiver, p99', percentile(times, 0.99), 'ms', 50);
}

// What a client of the printer's own broker hears, and when: mosquitto_sub stamps
// each report as it comes, which is when spoold hears it too.
function listenTo(printer, authority) {
    const heard = new Map(); // colour -> milliseconds since 1970
    const child = spawn('mosquitto_sub', ['-h', printer.host, '-p', `${printer.mqtt_port}`,
        '--cafile', authority, '--insecure', '-u', 'bblp',
        '-P', printer.access_code, '-t', `device/${printer.serial}/report`, '-F', '%U %p'],
    { stdio: ['ignore', 'pipe', 'ignore'] });
    createInterface({ input: child.stdout }).on('line', (line) => {
        const [, at, report] = /^(\S+) (.*)$/s.exec(line) ?? [];
        for (const [, colour] of (report ?? '').matchAll(/"tray_color": ?"(\w{6})FF"/g))
            if (!heard.has(colour)) heard.set(colour, Number(at) * 1000);
    });
    return { heard, stop: () => child.kill('SIGKILL') };
}

/** From the printer's report of another filament to the receiver's socket. */
async function soonFromReport(bench, receiver) {
    process.env.SPOOLD_BUILD = bench.build;
    const { Simulator } = await import('../e2e/help/simulator.mjs');
    const authority = join(bench.work, 'ca.pem');
    const sim = await Simulator.start(['P1S'], { 'report-ms': 50, 'ca-out': authority });
    const [printer] = sim.printers;
    const listener = listenTo(printer, authority);
    const shop = await openShop(bench, receiver, 1, '"webhook", "bambu-mqtt"');
    const { id } = (await ask(shop.server, 'POST', '/api/printers', { ...shop, json:
        { name: 'Left', kind: 'bambu', ...printer } })).json();
    await ask(shop.server, 'PUT', `/api/bambu/notifications/${id}`,
        { ...shop, json: { notify_material_change: true } });
    await until(() => listener.heard.size > 0, 20);
    await pause(1000);
    const times = [];
    for (let i = 0; i < bench.alerts / 2; i++) {
        const colour = (0x100000 + i).toString(16).toUpperCase();
        await sim.act(printer, 'tray', { slot: 0, present: true, type: 'PLA', color: `${colour}FF` });
        await until(() => receiver.told.has(colour) && listener.heard.has(colour), 10);
        times.push(performance.timeOrigin + receiver.told.get(colour)
            - listener.heard.get(colour));
    }
    listener.stop();
    await shop.server.stop();
    await sim.end();
    bench.most("from a printer's report to the receiver, p99", percentile(times, 0.99), 'ms', 50);
}

async function asFastAsItGoes(bench, receiver, shop) {
    receiver.count = 0;
    const began = performance.now();
    const raise = async (who) => {
        for (let i = 0; i < bench.alerts / 4; i++) await alert(shop, `many ${who} ${i}`);
    };
    await Promise.all([0, 1, 2, 3].map(raise));
    const wanted = Math.ceil(bench.alerts / 4) * 4 * CHANNELS;
    await until(() => receiver.count >= wanted, 60);
    const rate = wanted / ((performance.now() - began) / 1000);
    bench.share(`deliveries to ${CHANNELS} receivers`, rate, '/s', WANTED_PER_SECOND,
        rate / WANTED_PER_SECOND, 1);
}

async function turnsOf(shop) {
    const { text } = await ask(shop.server, 'GET', '/metrics', shop);
    const read = (name) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)[1]);
    return { all: read('spoold_loop_turns_total'), long: read('spoold_loop_long_turns_total') };
}

/** A thousand a second: how many turns of the loop take 5 ms and more? */
async function atAPace(bench, receiver, shop) {
    receiver.count = 0;
    const before = await turnsOf(shop);
    const began = performance.now();
    const everyMs = 1000 * CHANNELS / WANTED_PER_SECOND;
    for (let i = 0; i < bench.alerts; i++) {
        await pause(Math.max(0, began + i * everyMs - performance.now()));
        await alert(shop, `pace ${i}`);
    }
    await until(() => receiver.count >= bench.alerts * CHANNELS, 60);
    const rate = receiver.count / ((performance.now() - began) / 1000);
    const after = await turnsOf(shop);
    const share = (after.long - before.long) / (after.all - before.all);
    bench.most(`at ${Math.round(rate)} deliveries/s, turns of 5 ms and more`, share * 100,
        '%', 1);
}

export async function notify(bench) {
    const receiver = await newReceiver();
    await soon(bench, receiver);
    if (hasClient) await soonFromReport(bench, receiver);
    const shop = await openShop(bench, receiver, CHANNELS);
    await asFastAsItGoes(bench, receiver, shop);
    await atAPace(bench, receiver, shop);
    await shop.server.stop();
    receiver.server.closeAllConnections();
    receiver.server.close();
}
