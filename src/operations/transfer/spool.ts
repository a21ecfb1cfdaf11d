import { closeSync, createReadStream, openSync, readSync, rmSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Duplex, Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { InputError } from "../../types.ts";
import { cannotWrite } from "./write-file.ts";

const CHUNK_BYTES = 256 * 1024;
/** A packed file may become so many times as large; logs as JSON come to 10 to 40. */
const MAX_EXPANSION = 250;
/** Below it nobody asks how much a file has grown. */
const ALWAYS_ALLOWED_BYTES = 64 * 1024 * 1024;

const PACKINGS = [
  { magic: [0x1f, 0x8b], open: () => createGunzip({ chunkSize: CHUNK_BYTES }) },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], open: () => createZstdDecompress({ chunkSize: CHUNK_BYTES }) },
];

/** A file that can be read again and again, plain, and what removes it where it was made for that. */
export interface PlainFile extends Disposable {
  path: string;
}

/** @throws InputError where it is no file that can be read, or what it packs is damaged or a bomb. */
export async function plainFile(path: string, scratch: string, id: string): Promise<PlainFile> {
  const magic = mustBeReadable(path);
  const packing = PACKINGS.find((one) => one.magic.every((byte, index) => magic[index] === byte));
  if (packing === undefined) return { path, [Symbol.dispose]: () => undefined };
  const size = statSync(path).size;
  const unpacked = packing.open();
  try {
    return await spool(bounded(through(createReadStream(path), unpacked), size), scratch, id);
  } catch (error) {
    const { code = "" } = error as { code?: string };
    if (/^(Z_|ZSTD_|ERR_ZLIB|ERR_BUFFER|ERR_STREAM)/.test(code))
      throw unreadable("what it packs is damaged or cut off");
    throw error;
  } finally {
    unpacked.destroy();
  }
}

/** Writes what comes to a file in `scratch`. @throws StartError where the disk doesn't take it. */
export async function spool(
  chunks: AsyncIterable<Uint8Array>,
  scratch: string,
  id: string,
): Promise<PlainFile> {
  const path = join(scratch, `import-${id}.part`);
  const dispose = () => rmSync(path, { force: true });
  try {
    const file = await open(path, "w", 0o600).catch((error) => {
      throw cannotWrite(path, error);
    });
    try {
      for await (const chunk of chunks) {
        await file.write(chunk).catch((error) => {
          throw cannotWrite(path, error);
        });
      }
    } finally {
      await file.close();
    }
    return { path, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

async function* bounded(chunks: AsyncIterable<Uint8Array>, packedBytes: number): AsyncGenerator<Uint8Array> {
  let whole = 0;
  for await (const chunk of chunks) {
    whole += chunk.length;
    if (whole > ALWAYS_ALLOWED_BYTES && whole > packedBytes * MAX_EXPANSION)
      throw unreadable(`it unpacks to more than ${MAX_EXPANSION} times its size`);
    yield chunk;
  }
}

/**
 * What comes out of `unpacked`, read only as fast as it is taken. The runtime's own iteration over a stream may go on
 * waiting after an error, and its `pipeline` may take a file that was cut off for a whole one.
 */
async function* through(packed: Readable, unpacked: Duplex): AsyncGenerator<Uint8Array> {
  let end: { error: unknown } | null = null;
  let wake = () => {};
  const ends = (error: unknown) => {
    end ??= { error };
    wake();
  };
  packed.on("error", ends);
  unpacked.on("error", ends);
  unpacked.on("end", () => ends(null));
  unpacked.on("readable", () => wake());
  packed.pipe(unpacked);
  const ended = () => end;
  try {
    for (;;) {
      const chunk: Uint8Array | null = unpacked.read();
      if (chunk !== null) yield chunk;
      else if (ended()?.error) throw ended()?.error;
      else if (ended() !== null) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    packed.destroy();
  }
}

const REASONS: Record<string, string> = {
  ENOENT: "there is no such file",
  EACCES: "this program's user may not read it",
  EPERM: "this program's user may not read it",
  EISDIR: "it is a folder: name a file in it",
};

/** Before anything is begun for it. @returns its first bytes. @throws InputError that says why it cannot be read. */
export function mustBeReadable(path: string): Uint8Array {
  try {
    const descriptor = openSync(path, "r");
    try {
      const start = new Uint8Array(4);
      return start.subarray(0, readSync(descriptor, start));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const { code = "", message } = error as { code?: string; message: string };
    throw unreadable(`${REASONS[code] ?? (code || message)} (${path})`);
  }
}

function unreadable(problem: string): InputError {
  return new InputError(`The file cannot be read: ${problem}.`, { file: problem });
}
