/**
 * A generator of random numbers from 0 to 1, below 1: the same sequence for the same seed, on every machine. The algorithm is sfc32.
 * @internal
 */
export function seededRandom(seed: number): () => number {
  let [a, b, c, counter] = [0, seed | 0, (seed / 2 ** 32) | 0, 1]
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }
  for (let round = 0; round < 12; round++) next() // until every bit of the seed has reached every number
  return next
}
