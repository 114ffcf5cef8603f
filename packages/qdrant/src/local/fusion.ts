import { asArray, asObject, badRequest, notLocal, onlyMembers } from './refusal.ts'

/** A point that a search found, best first in its list. */
export interface Found {
  readonly seq: number
  readonly score: number
}

type Fuse = (lists: readonly (readonly Found[])[]) => Found[]

/** The fusion that a query asks for; undefined when it asks for something else. */
export function fusionOf(query: unknown): Fuse | undefined {
  if (typeof query !== 'object' || query === null) return undefined
  const given = query as { readonly [name: string]: unknown }
  if ('rrf' in given) return rrf(asObject(given['rrf'], 'rrf'))
  if (!('fusion' in given)) return undefined
  if (given['fusion'] === 'rrf') return rrf({})
  if (given['fusion'] === 'dbsf') return (lists) => summed(lists.map(toCommonScale))
  throw notLocal(`fusion "${String(given['fusion'])}"`)
}

function rrf(options: { readonly [name: string]: unknown }): Fuse {
  onlyMembers(options, ['k', 'weights'], 'option of rrf')
  const k = (options['k'] ?? 2) as number
  const weights = asArray(options['weights'] ?? [], 'weights') as readonly number[]
  return (lists) => {
    if (weights.length !== 0 && weights.length !== lists.length) throw badRequest('there must be as many weights as searches')
    return summed(lists.map((list, which) => list.map(({ seq }, at) => ({ seq, score: rankScore(at, k, weights[which] ?? 1) }))))
  }
}

/** The score of a rank, from 0 on. */
function rankScore(rank: number, k: number, weight: number): number {
  return weight <= 0 ? 0 : Math.fround(1 / ((rank + 1) / weight + k - 1))
}

/** The scores of a list brought to a scale on which the mean is 0.5, and 0 and 1 are three standard deviations away. */
function toCommonScale(list: readonly Found[]): Found[] {
  const mean = list.reduce((sum, { score }) => sum + score, 0) / list.length
  const variance = list.reduce((sum, { score }) => sum + (score - mean) ** 2, 0) / (list.length - 1)
  const range = 6 * Math.sqrt(variance)
  return list.map(({ seq, score }) => ({ seq, score: range > 0 ? Math.fround((score - mean) / range + 0.5) : 0.5 }))
}

/** Every point once, with the sum of its scores, best first. Equal sums stay in the order in which they were met; a server orders them at random. */
function summed(lists: readonly (readonly Found[])[]): Found[] {
  const scores = new Map<number, number>()
  for (const { seq, score } of lists.flat()) scores.set(seq, Math.fround((scores.get(seq) ?? 0) + score))
  return [...scores].map(([seq, score]) => ({ seq, score })).sort((a, b) => b.score - a.score)
}
