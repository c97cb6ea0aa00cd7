export interface ImageSize {
  width: number;
  height: number;
}

// What can't be measured (a video, an address that nobody fetched) counts as one pixel: the fields are required.
const unmeasured: ImageSize = { width: 1, height: 1 };

/** Width and height of a PNG or JPEG, from its header. */
export function readImageSize(content: Buffer | undefined): ImageSize {
  if (!content || content.length < 24) return unmeasured;
  if (content.readUInt32BE(0) === 0x89504e47) {
    return { width: content.readUInt32BE(16), height: content.readUInt32BE(20) };
  }
  return content.readUInt16BE(0) === 0xffd8 ? readJpegSize(content) : unmeasured;
}

function readJpegSize(content: Buffer): ImageSize {
  let offset = 2;
  while (offset + 9 < content.length && content[offset] === 0xff) {
    const marker = content[offset + 1] ?? 0;
    // Start-of-frame markers; 0xc4, 0xc8 and 0xcc in between are tables.
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) {
      return { width: content.readUInt16BE(offset + 7), height: content.readUInt16BE(offset + 5) };
    }
    offset += 2 + content.readUInt16BE(offset + 2);
  }
  return unmeasured;
}
