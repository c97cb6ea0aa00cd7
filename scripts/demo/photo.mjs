// A small picture made on the spot, so that the demo needs no file and no network.
import { crc32, deflateSync } from 'node:zlib';

const WIDTH = 480;
const HEIGHT = 270;
const HORIZON = 180;
const SUN = { x: 240, y: 165, radius: 60 };
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** A sunset over the sea, as PNG. */
export function paintPhoto() {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(WIDTH, 0);
  header.writeUInt32BE(HEIGHT, 4);
  // Eight bits a channel; red, green and blue; nothing interlaced.
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.concat(Array.from({ length: HEIGHT }, (_, y) => paintRow(y))))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function paintRow(y) {
  const colours = Array.from({ length: WIDTH }, (_, x) => colourAt(x, y));
  // A row begins with the number of its filter: none.
  return Buffer.from([0, ...colours.flat()]);
}

function colourAt(x, y) {
  if (y >= HORIZON) return [20, 40 + ((x * 7 + y * 13) % 23), 90];
  const isSun = Math.hypot(x - SUN.x, y - SUN.y) < SUN.radius;
  return isSun ? [255, 225, 130] : [230 - Math.round(y / 4), 90 + Math.round(y / 3), 110];
}

/** Length, type, data and a check sum over type and data: what PNG is made of. */
function chunk(type, data) {
  const content = Buffer.concat([Buffer.from(type, 'ascii'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(content), 4);
  return Buffer.concat([frame.subarray(0, 4), content, frame.subarray(4)]);
}
