// Sliced files (.gcode.3mf) as a slicer exports them, small and made to measure.
import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import { crc32 } from "./crc32.mjs";
import { zip } from "./zip.mjs";

// The slicer's own words for the models.
const slicerIds = {
  P1P: "C11", P1S: "C12", X1: "BL-P002", X1C: "BL-P001", X1E: "C13", A1: "N2S",
  "A1 mini": "N1", A2L: "N9", P2S: "N7", X2D: "N6", H2S: "O1S", H2C: "O1C", H2D: "O1D",
  "H2D Pro": "O1E",
};
const slicerNames = Object.fromEntries(Object.keys(slicerIds).map((model) =>
  [model, `Bambu Lab ${model === "X1C" ? "X1 Carbon" : model}`]));

export const BLACK_PLA = { id: 1, type: "PLA", color: "#000000", grams: 12.34 };

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

// One grey pixel.
export function png() {
  const head = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", head),
    chunk("IDAT", deflateSync(Buffer.from([0, 128]))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function describe(plate, model) {
  const grams = plate.filaments.reduce((sum, f) => sum + f.grams, 0);
  const filaments = plate.filaments.map((f) =>
    `    <filament id="${f.id}" tray_info_idx="GFA00" type="${f.type}" ` +
    `color="${f.color}" used_m="1.0" used_g="${f.grams}"/>`);
  return [
    "  <plate>",
    `    <metadata key="index" value="${plate.index}"/>`,
    `    <metadata key="printer_model_id" value="${slicerIds[model]}"/>`,
    `    <metadata key="nozzle_diameters" value="0.4"/>`,
    `    <metadata key="prediction" value="${plate.seconds}"/>`,
    `    <metadata key="weight" value="${grams.toFixed(2)}"/>`,
    `    <metadata key="support_used" value="false"/>`,
    ...filaments,
    "  </plate>",
  ].join("\n");
}

function membersOf(plate, salt, padding) {
  const gcode = `; plate ${plate.index} ${salt}\nG28\nM400\n${padding}`;
  const base = `Metadata/plate_${plate.index}`;
  return [
    { name: `${base}.gcode`, data: gcode },
    { name: `${base}.gcode.md5`,
      data: createHash("md5").update(gcode).digest("hex").toUpperCase() },
    { name: `${base}.png`, data: png() },
  ];
}

let made = 0;

// Each one differs from all others, unless `salt` says which it is.
// `bytes` pads the G-code, for uploads that take a while.
export function sliced({
  model = "P1S", salt = `${process.pid}-${++made}`, bytes = 0,
  plates = [{ index: 1 }],
} = {}) {
  const whole = plates.map((p) => ({
    seconds: 600, filaments: [BLACK_PLA], index: 1, ...p,
  }));
  const info = ['<?xml version="1.0" encoding="UTF-8"?>', "<config>",
    ...whole.map((p) => describe(p, model)), "</config>", ""].join("\n");
  const settings = JSON.stringify({
    printer_model: slicerNames[model], nozzle_diameter: ["0.4"],
    curr_bed_type: "Textured PEI Plate",
  });
  const padding = "G1 X10 Y10 ; .\n".repeat(Math.ceil(bytes / 15));
  return zip([
    { name: "[Content_Types].xml", data: "<Types/>" },
    { name: "3D/3dmodel.model", data: "<model/>" },
    { name: "Metadata/slice_info.config", data: info },
    { name: "Metadata/project_settings.config", data: settings },
    ...whole.flatMap((p) => membersOf(p, salt, padding)),
  ]);
}

export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
