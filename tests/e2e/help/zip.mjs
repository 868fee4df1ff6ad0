// A ZIP archive of stored (or deflated) members, written by hand, so that the
// tests can also write ones that no tool would.
import { crc32 } from "./crc32.mjs";
import { deflateRawSync } from "node:zlib";

const u16 = (n) => [n & 255, (n >> 8) & 255];
const u32 = (n) => [...u16(n & 65535), ...u16(n >>> 16)];

// members: [{ name, data, deflate, claims }]; `claims` is a lie about the size.
export function zip(members) {
  const parts = [];
  const directory = [];
  let at = 0;
  for (const { name, data, deflate = false, claims } of members) {
    const plain = Buffer.from(data);
    const packed = deflate ? deflateRawSync(plain) : plain;
    const common = Buffer.from([
      ...u16(20), ...u16(0), ...u16(deflate ? 8 : 0), ...u16(0), ...u16(0x5821),
      ...u32(crc32(plain)), ...u32(packed.length),
      ...u32(claims ?? plain.length), ...u16(Buffer.byteLength(name)), ...u16(0),
    ]);
    const head = Buffer.concat([
      Buffer.from("PK\x03\x04", "latin1"), common, Buffer.from(name),
    ]);
    directory.push(Buffer.concat([
      Buffer.from("PK\x01\x02", "latin1"), Buffer.from(u16(20)), common,
      Buffer.from([...u16(0), ...u16(0), ...u16(0), ...u32(0), ...u32(at)]),
      Buffer.from(name),
    ]));
    parts.push(head, packed);
    at += head.length + packed.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.from([
    ...u16(0), ...u16(0), ...u16(members.length), ...u16(members.length),
    ...u32(central.length), ...u32(at), ...u16(0),
  ]);
  return Buffer.concat([
    ...parts, central, Buffer.from("PK\x05\x06", "latin1"), end,
  ]);
}
