/** Text files that a person drops in: bytes → text. */

import { LabError } from "./errors.js";

const LARGEST_BYTES = 2_000_000;
const LOOKED_AT = 8192;
/** Control characters that no text has: all of C0 but tab, line feed, form feed, carriage return and escape. */
const BINARY = /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]/;

/**
 * The file's name and text. UTF-16 is known by its byte order mark; what is not UTF-8 is read as Windows-1252.
 * @param {File} file
 * @returns {Promise<{title: string, text: string}>}
 * @throws {LabError} it is too large, no text, or cannot be read
 */
export async function readText(file) {
  if (file.size > LARGEST_BYTES) throw new LabError(`${file.name} is larger than 2 MB. Take a part of it.`);
  const bytes = await file.arrayBuffer().catch(() => {
    throw new LabError(`${file.name} cannot be read. A folder cannot be added, a file that was moved neither.`);
  });
  const text = decoded(new Uint8Array(bytes));
  if (!text.trim()) throw new LabError(`${file.name} is empty.`);
  if (text.startsWith("%PDF-") || BINARY.test(text.slice(0, LOOKED_AT))) {
    throw new LabError(`${file.name} is no text file. Add plain text here; the chat reads PDF and Office files.`);
  }
  return { title: file.name, text };
}

/** @param {Uint8Array} bytes */
function decoded(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}
