/** The axis of the chart: round ticks from zero (Heckbert, "Nice numbers for graph labels", Graphics Gems, 1990). */

const SECONDS_FROM_MS = 2000;

/**
 * @param {number} most milliseconds
 * @param {number} wanted how many ticks there is room for, beside zero
 * @returns {{max: number, ticks: {ms: number, label: string}[], unit: "ms" | "s"}} `max`: the last tick, not below `most`
 */
export function axis(most, wanted) {
  const step = niceStep(Math.max(most, 1) / Math.max(wanted, 1));
  const steps = Math.max(1, Math.ceil(most / step - 1e-9));
  const unit = steps * step >= SECONDS_FROM_MS ? "s" : "ms";
  const ticks = Array.from({ length: steps + 1 }, (_, n) => {
    const ms = n * step;
    return { ms, label: String(Number((unit === "s" ? ms / 1000 : ms).toPrecision(6))) };
  });
  return { max: steps * step, ticks, unit };
}

/** The smallest of 1, 2, 5, 10, 20, … that is not below the raw step. */
function niceStep(raw) {
  const power = 10 ** Math.floor(Math.log10(raw));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= raw * (1 - 1e-9));
}
