// A spoold to measure: set up, with an administrator's token, and asked things.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Server } from './servers.mjs';

const LISTEN = '127.0.0.41:0';

export function startSpoold(bench, data) {
    const args = ['--data', data, '--listen', LISTEN];
    return Server.start(join(bench.build, 'spoold'), args);
}

/** Asks; any answer but a success is an error that says what came. */
export async function ask(server, method, path, { token, json } = {}) {
    const answer = await fetch(server.url + path, {
        method,
        headers: {
            ...(token && { Authorization: `Bearer ${token}` }),
            ...(json && { 'Content-Type': 'application/json' }),
        },
        body: json && JSON.stringify(json),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return { text, headers: answer.headers, json: () => JSON.parse(text) };
}

/** The first administrator's token. */
export async function setUp(server, data) {
    const code = readFileSync(join(data, 'setup-code'), 'utf8').trim();
    const who = { code, email: 'bench@example.com', password: 'a long password' };
    return (await ask(server, 'POST', '/api/setup', { json: who })).json().token;
}

/** A printer that is listed and never connected. */
export async function addPrinter(server, token, number) {
    const json = {
        name: `Printer ${number}`, model: 'P1S', kind: 'bambu', enabled: false,
        host: '127.0.0.43', serial: `01P00A00000000${number}`, access_code: '12345678',
    };
    return (await ask(server, 'POST', '/api/printers', { token, json })).json().id;
}

/** What a shop's jobs look like; no two of fifty alike. */
export function jobOf(printer, number) {
    return {
        printer_id: printer,
        order_id: 9000 + number,
        job_name: `Wall bracket, size ${number % 7}, order ${9000 + number}`,
        file_name: `wall-bracket-size-${number % 7}-rev-c.gcode.3mf`,
        estimated_duration_minutes: 35 + number,
        material_type: number % 3 === 0 ? 'PETG' : 'PLA',
        material_slot: number % 4,
        nozzle_temp: 230,
        bed_temp: 70,
        print_speed: 100,
        priority: number % 10,
        notes: 'Textured plate. Ask the buyer before another colour is taken.',
    };
}
