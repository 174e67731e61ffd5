/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/**
 * The seed of a test that makes up its inputs. `npm test` makes the same inputs each time, so that it fails by a change and
 * not by chance; with `--long` they are new each time. A failed run prints its seed, for `MTEJA_TEST_SEED`.
 */
export const testSeed = Number(
  process.env.MTEJA_TEST_SEED ?? (process.env.MTEJA_TEST_LONG === undefined ? 20_261 : Date.now() % 2 ** 31),
)
