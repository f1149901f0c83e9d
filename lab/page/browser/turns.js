/**
 * Lets runs through one after the other, in their order.
 *
 * @returns {{waiting: () => boolean, next: (signal: AbortSignal) => Promise<(() => void) | null>}} `next` waits for the
 *   turn and gives what ends it, or null when the signal aborts before; `waiting` tells whether somebody waits
 */
export function makeTurns() {
  let last = Promise.resolve();
  let pending = 0;
  return {
    waiting: () => pending > 1,

    async next(signal) {
      const before = last;
      let release;
      const mine = new Promise((resolve) => (release = resolve));
      last = before.then(() => mine);
      pending += 1;
      const done = () => {
        pending -= 1;
        release();
      };
      await Promise.race([before, new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }))]);
      if (signal.aborted) {
        done();
        return null;
      }
      return done;
    },
  };
}
