// How soon people are told, and how many of them at once.
//
// The receiver is node on the same processors, so these are figures of both. An
// alert takes the way of a printer's report: one commit for what happened, one
// for the message and its deliveries, then the request.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Server } from './servers.mjs';
import { ask, setUp } from './spoold.mjs';

const HOME = '127.0.0.44';
const CHANNELS = 20;
const WANTED_PER_SECOND = 1000;

function newReceiver() {
    const receiver = { count: 0, told: new Map() };
    receiver.server = createServer((request, response) => {
        const at = performance.now();
        let body = '';
        request.on('data', (piece) => (body += piece));
        request.on('end', () => {
            response.writeHead(204).end();
            receiver.count++;
            receiver.told.set(JSON.parse(body).data.title, at);
        });
    });
    receiver.server.keepAliveTimeout = 60_000;
    return new Promise((resolve) => receiver.server.listen(0, HOME, () => {
        receiver.url = `http://${HOME}:${receiver.server.address().port}`;
        resolve(receiver);
    }));
}

async function openShop(bench, receiver, channels) {
    const data = join(bench.work, `notify-${bench.nextNumber()}`);
    mkdirSync(data);
    writeFileSync(`${data}.conf`, 'allow_loopback = true\nplugins = { "webhook" }\n');
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

/** A thousand a second, while somebody else asks how the server is. */
async function atAPace(bench, receiver, shop) {
    const times = [];
    let busy = true;
    const asking = (async () => {
        while (busy) {
            const began = performance.now();
            await ask(shop.server, 'GET', '/api/health', shop);
            times.push(performance.now() - began);
            await pause(1);
        }
    })();
    receiver.count = 0;
    const began = performance.now();
    const everyMs = 1000 * CHANNELS / WANTED_PER_SECOND;
    for (let i = 0; i < bench.alerts; i++) {
        await pause(Math.max(0, began + i * everyMs - performance.now()));
        await alert(shop, `pace ${i}`);
    }
    await until(() => receiver.count >= bench.alerts * CHANNELS, 60);
    busy = false;
    await asking;
    const rate = receiver.count / ((performance.now() - began) / 1000);
    bench.most(`at ${Math.round(rate)} deliveries/s, an answer of the loop, p99`,
        percentile(times, 0.99), 'ms', 5);
}

export async function notify(bench) {
    const receiver = await newReceiver();
    await soon(bench, receiver);
    const shop = await openShop(bench, receiver, CHANNELS);
    await asFastAsItGoes(bench, receiver, shop);
    await atAPace(bench, receiver, shop);
    await shop.server.stop();
    receiver.server.closeAllConnections();
    receiver.server.close();
}
