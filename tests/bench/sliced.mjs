// A sliced file of any size: a ZIP of stored members, a plate's G-code last.
import { closeSync, openSync, writeSync } from 'node:fs';

const BLOCK_BYTES = 1 << 20;

const PLATE = `<?xml version="1.0" encoding="UTF-8"?>
<config>
  <plate>
    <metadata key="index" value="1"/>
    <metadata key="printer_model_id" value="C12"/>
    <metadata key="nozzle_diameters" value="0.4"/>
    <metadata key="prediction" value="86400"/>
    <metadata key="weight" value="950.0"/>
    <filament id="1" type="PLA" color="#FFFFFF" used_g="950.0"/>
  </plate>
</config>
`;
const MODEL = '<?xml version="1.0"?><model unit="millimeter"/>\n';

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
    for (let bit = 0; bit < 8; bit++) byte = (byte >>> 1) ^ (byte & 1 ? 0xedb88320 : 0);
    return byte;
});

function crcAdd(sum, bytes) {
    for (let i = 0; i < bytes.length; i++) sum = (sum >>> 8) ^ crcTable[(sum ^ bytes[i]) & 255];
    return sum;
}

function gcodeBlock() {
    let text = '';
    for (let i = 0; text.length < BLOCK_BYTES; i++)
        text += `G1 X${(i * 7) % 250}.${i % 1000} Y${(i * 13) % 250}.5 E.0${i % 97}\n`;
    return Buffer.from(text.slice(0, BLOCK_BYTES));
}

/** A member's head, as it stands before its data or in the directory. */
function headOf(member, inDirectory) {
    const name = Buffer.from(member.name);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0); // version needed
    shared.writeUInt16LE(0x5b76, 8); // 2025-11-22
    shared.writeUInt32LE(member.crc, 10);
    shared.writeUInt32LE(member.size, 14);
    shared.writeUInt32LE(member.size, 18);
    shared.writeUInt16LE(name.length, 22);
    if (!inDirectory) return Buffer.concat([Buffer.from('PK\x03\x04'), shared, name]);
    const more = Buffer.alloc(14); // comment, disk, attributes, then where
    more.writeUInt32LE(member.at, 10);
    return Buffer.concat([Buffer.from('PK\x01\x02\x14\0', 'latin1'), shared, more, name]);
}

function endOf(count, size, at) {
    const end = Buffer.alloc(22);
    end.write('PK\x05\x06', 'latin1');
    end.writeUInt16LE(count, 8);
    end.writeUInt16LE(count, 10);
    end.writeUInt32LE(size, 12);
    end.writeUInt32LE(at, 16);
    return end;
}

/** Writes a file of one plate whose G-code has `megabytes` MiB. */
export function writeSliced(path, megabytes) {
    const block = gcodeBlock();
    const members = [
        { name: '3D/3dmodel.model', data: Buffer.from(MODEL), times: 1 },
        { name: 'Metadata/slice_info.config', data: Buffer.from(PLATE), times: 1 },
        { name: 'Metadata/plate_1.gcode', data: block, times: megabytes },
    ];
    const file = openSync(path, 'w');
    let at = 0;
    for (const member of members) {
        let sum = 0xffffffff;
        for (let i = 0; i < member.times; i++) sum = crcAdd(sum, member.data);
        Object.assign(member, { at, size: member.data.length * member.times, crc: ~sum >>> 0 });
        at += writeSync(file, headOf(member, false));
        for (let i = 0; i < member.times; i++) at += writeSync(file, member.data);
    }
    const directory = Buffer.concat(members.map((member) => headOf(member, true)));
    writeSync(file, directory);
    writeSync(file, endOf(members.length, directory.length, at));
    closeSync(file);
}
