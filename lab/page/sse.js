/** Server-sent events (HTML Living Standard, 9.2.6) out of the bytes of a response. */

const LONGEST_LINE = 1_000_000;

/**
 * The data of each event, in order; comments and fields other than `data` are left out, and so is an event that the
 * stream breaks off in, as the standard has it.
 * @param {ReadableStream<Uint8Array>} body
 * @returns {AsyncGenerator<string>}
 */
export async function* events(body) {
  let data = [];
  for await (const line of lines(body)) {
    if (line === "") {
      if (data.length) yield data.join("\n");
      data = [];
    } else if (line.startsWith("data:")) {
      data.push(line.slice(line[5] === " " ? 6 : 5));
    }
  }
}

/** Lines that end in LF or CR LF; the last one only if it is ended. Closing the generator closes the stream. */
async function* lines(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const parts = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = parts.pop();
      if (rest.length > LONGEST_LINE) throw new RangeError("a line without an end");
      for (const part of parts) yield part.endsWith("\r") ? part.slice(0, -1) : part;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
