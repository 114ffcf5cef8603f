import { dagmaError } from '../errors.ts'
import type { Scorer } from './scorer.ts'

/** An example of a search: what it should find. */
export interface RelevantIds {
  /** Ids of what is relevant, with at least one: a list, or how relevant each is, by a number above 0. */
  readonly relevant: readonly string[] | { readonly [id: string]: number }
}

/** Options of the scorers of a ranking. */
export interface RankingOptions {
  /** How many of the first results count; default: all. */
  readonly k?: number
}

/**
 * Scores a ranking, which is a list of ids with the best one first: 1 when anything relevant is among the first `k`, otherwise 0. The mean is the hit rate
 * at `k`. @throws DAGMA_OPTION_INVALID
 * @example
 * ```ts
 * const found = hitRate({ k: 3 })
 * ```
 */
export function hitRate(options: RankingOptions = {}): Scorer<RelevantIds, readonly string[]> {
  return overRanking('hitRate()', options, (ranking, grades) => (ranking.some((id) => grades.has(id)) ? 1 : 0))
}

/**
 * Scores a ranking, which is a list of ids with the best one first: 1 / the rank of the first that is relevant, and 0 when none is among the first `k`.
 * The mean is the mean reciprocal rank (MRR). @throws DAGMA_OPTION_INVALID
 * @example
 * ```ts
 * const rank = mrr({ k: 10 })
 * ```
 */
export function mrr(options: RankingOptions = {}): Scorer<RelevantIds, readonly string[]> {
  return overRanking('mrr()', options, (ranking, grades) => {
    const index = ranking.findIndex((id) => grades.has(id))
    return index < 0 ? 0 : 1 / (index + 1)
  })
}

/**
 * Scores a ranking, which is a list of ids with the best one first, by its normalized discounted cumulative gain: the relevance of each of the first `k`,
 * divided by log2(rank + 1), as a share of the best ranking's sum. An id that comes again counts once. @throws DAGMA_OPTION_INVALID
 * @example
 * ```ts
 * const gain = ndcg({ k: 10 })
 * ```
 */
export function ndcg(options: RankingOptions = {}): Scorer<RelevantIds, readonly string[]> {
  return overRanking('ndcg()', options, (ranking, grades, k) => {
    const gained = ranking.map((id, index) => (ranking.indexOf(id) === index ? (grades.get(id) ?? 0) : 0))
    const best = [...grades.values()].sort((a, b) => b - a).slice(0, k)
    return Math.min(discounted(gained) / discounted(best), 1)
  })
}

function discounted(gains: readonly number[]): number {
  return gains.reduce((sum, gain, index) => sum + gain / Math.log2(index + 2), 0)
}

type RankingScore = (ranking: readonly string[], grades: ReadonlyMap<string, number>, k: number) => number

function overRanking(
  of: string,
  { k = Number.POSITIVE_INFINITY }: RankingOptions,
  score: RankingScore,
): Scorer<RelevantIds, readonly string[]> {
  if (k !== Number.POSITIVE_INFINITY && !(Number.isInteger(k) && k >= 1))
    throw dagmaError('DAGMA_OPTION_INVALID', { option: 'k', of, reason: 'must be an integer of at least 1' })
  return ({ example: { relevant }, output }) => {
    const grades = new Map(isList(relevant) ? relevant.map((id) => [id, 1]) : Object.entries(relevant))
    if (grades.size === 0 || ![...grades.values()].every((grade) => grade > 0 && Number.isFinite(grade)))
      throw new RangeError('An example needs at least one relevant id, and relevance is a number above 0.')
    return score(output.slice(0, k), grades, k)
  }
}

function isList(relevant: RelevantIds['relevant']): relevant is readonly string[] {
  return Array.isArray(relevant)
}
