/** The axis of the chart: round ticks from zero (Heckbert, "Nice numbers for graph labels", Graphics Gems, 1990). */

const SECONDS_FROM_MS = 2000;

/**
 * @param {number} most milliseconds
 * @param {number} wanted how many ticks there is room for, beside zero
 * @returns {{ms: number, label: string}[]} from zero to at most `most`
 */
export function ticks(most, wanted) {
  const step = niceStep(Math.max(most, 1) / Math.max(wanted, 1));
  const [unit, per] = most >= SECONDS_FROM_MS ? ["s", 1000] : ["ms", 1];
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, n) => {
    const ms = n * step;
    return { ms, label: n ? `${Number((ms / per).toPrecision(6))} ${unit}` : "0" };
  });
}

/** The smallest of 1, 2, 5, 10, 20, … that is not below the raw step. */
function niceStep(raw) {
  const power = 10 ** Math.floor(Math.log10(raw));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= raw * (1 - 1e-9));
}
