import { seededRandom } from './random.ts'
import { meanOf } from './scores.ts'

/** How often the pairs are drawn again. */
const resamples = 10_000

/** Options of {@link pairedBootstrap}, besides the differences. */
export interface BootstrapOptions {
  /** Probability with which each bound of the interval holds, above 0.5 and below 1. */
  readonly confidence: number
  readonly seed: number
}

/** The mean of paired differences, with the bounds of its confidence interval. */
export interface Interval {
  readonly mean: number
  /** With the confidence that was asked for, the true mean is not below. */
  readonly low: number
  /** With the confidence that was asked for, the true mean is not above. */
  readonly high: number
}

/**
 * The confidence interval of the mean of paired differences, by the percentiles of a bootstrap: the pairs are drawn again with replacement, 10,000 times.
 * The means are spread by √(n/(n−1)), since a sample varies less than what it was drawn from.
 */
export function pairedBootstrap(differences: readonly number[], { confidence, seed }: BootstrapOptions): Interval {
  const { length } = differences
  const mean = meanOf(differences)
  const spread = Math.sqrt(length / (length - 1))
  const random = seededRandom(seed)
  const means = Float64Array.from({ length: resamples }, () => {
    let sum = 0
    for (let draw = 0; draw < length; draw++) sum += differences[Math.floor(random() * length)] ?? 0
    return mean + (sum / length - mean) * spread
  }).sort()
  const rank = Math.ceil(confidence * resamples)
  return { mean, low: means[resamples - rank] ?? mean, high: means[rank - 1] ?? mean }
}

/**
 * The fewest pairs that can show a change with this confidence: without any change, all of fewer pairs are worse by chance alone
 * more often than that.
 */
export function fewestPairs(confidence: number): number {
  return Math.ceil(Math.log2(1 / (1 - confidence)))
}
