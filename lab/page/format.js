/** Numbers as a person reads them. */

const NOTHING = "–";

/** Milliseconds as "9.4 ms", "340 ms", "1.25 s" or "12.3 s". */
export function duration(ms) {
  if (ms === null || ms === undefined) return NOTHING;
  if (ms >= 9_995) return `${(ms / 1000).toFixed(1)} s`;
  if (ms >= 999.5) return `${(ms / 1000).toFixed(2)} s`;
  return ms >= 9.95 || ms === 0 ? `${Math.round(ms)} ms` : `${ms.toFixed(1)} ms`;
}

/** Tokens a second with one decimal, or a dash. */
export function speed(tokensPerSecond) {
  if (tokensPerSecond === null) return NOTHING;
  return tokensPerSecond < 1000 ? tokensPerSecond.toFixed(1) : count(tokensPerSecond);
}

/** "12.3 tokens/s", or a dash. */
export function rate(tokensPerSecond) {
  return tokensPerSecond === null ? NOTHING : `${speed(tokensPerSecond)} tokens/s`;
}

/** A number with at most one decimal and its thousands apart, or a dash. */
export function count(value) {
  if (value === null || value === undefined) return NOTHING;
  return value.toLocaleString("en", { maximumFractionDigits: value < 100 ? 1 : 0 });
}

/** Bytes as "483 MB" or "1.2 GB", in powers of ten as browsers and hubs count them. */
export function size(bytes) {
  if (bytes >= 999.5e6) return `${(bytes / 1e9).toFixed(1)} GB`;
  if (bytes >= 999.5e3) return `${Math.round(bytes / 1e6)} MB`;
  return bytes >= 1000 ? `${Math.round(bytes / 1e3)} kB` : `${bytes} bytes`;
}

/** An ISO time as the person's clock shows it: to the second today, else the day and the minute. */
export function clockTime(iso, today = new Date()) {
  const at = new Date(iso);
  if (at.toDateString() === today.toDateString()) return at.toLocaleTimeString("en-GB");
  const day = at.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  return `${day}, ${at.toLocaleTimeString("en-GB", { timeStyle: "short" })}`;
}

/** "1 passage", "2 passages". */
export function plural(n, one, many = `${one}s`) {
  return `${count(n)} ${n === 1 ? one : many}`;
}
