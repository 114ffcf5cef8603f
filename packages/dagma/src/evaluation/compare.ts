import { fewestPairs, pairedBootstrap } from './paired-bootstrap.ts'
import { type ExampleScores, meanOf } from './scores.ts'

/** When a scorer's mean counts as changed. */
export interface Tolerance {
  /** How far the mean may drop. */
  readonly maxDrop: number
  /** Of the comparison as a whole: it is shared among the scorers. */
  readonly confidence: number
}

/** How a scorer's mean has changed. */
export interface Change {
  /** Examples that both evaluations have. */
  readonly pairs: number
  /** Mean of the differences, over these examples: negative when the scores have dropped. */
  readonly mean: number
  /** Between which the true mean is; undefined when there are too few pairs to tell. */
  readonly bounds: { readonly low: number; readonly high: number } | undefined
  /** `worse` and `better` are beyond noise; `unknown` when there are too few pairs to tell. */
  readonly verdict: 'worse' | 'same' | 'better' | 'unknown'
}

/** Far below any difference of scores that matters, far above what rounding makes of equal ones. */
const rounding = 1e-9

/** Always the same: the same scores get the same verdict, whoever compares them. */
const seed = 20_260_101

/**
 * How the scores have changed, by scorer, over the examples that both have. A scorer is worse when its mean has dropped by more than `maxDrop`, and better
 * when it has risen at all, with a confidence that makes the comparison as a whole as sure as was asked for: with more scorers, each is held to a higher
 * one. Scorers that one of both lacks are left out.
 */
export function compareScores(
  accepted: readonly ExampleScores[],
  current: readonly ExampleScores[],
  { maxDrop, confidence }: Tolerance,
): ReadonlyMap<string, Change> {
  const before = new Map(accepted.map((example) => [example.id, example]))
  const pairs = current.flatMap((now) => {
    const old = before.get(now.id)
    return old?.digest === now.digest ? [{ old: old.scores, now: now.scores }] : []
  })
  if (pairs.length === 0) return new Map()
  const scorers = Object.keys(current[0]?.scores ?? {}).filter((scorer) => pairs.every(({ old }) => old[scorer] !== undefined))
  const each = { maxDrop, confidence: 1 - (1 - confidence) / scorers.length }
  const differences = (scorer: string): number[] => pairs.map(({ old, now }) => (now[scorer] ?? 0) - (old[scorer] ?? 0))
  return new Map(scorers.map((scorer) => [scorer, change(differences(scorer), each)]))
}

function change(differences: readonly number[], { maxDrop, confidence }: Tolerance): Change {
  const pairs = differences.length
  if (pairs < fewestPairs(confidence)) return { pairs, mean: meanOf(differences), bounds: undefined, verdict: 'unknown' }
  const { mean, low, high } = pairedBootstrap(differences, { confidence, seed })
  return { pairs, mean, bounds: { low, high }, verdict: high < -maxDrop - rounding ? 'worse' : low > rounding ? 'better' : 'same' }
}
