import type { CheckResult } from '../definitions/assets/results.ts'
import { type Metadata, MetadataValue } from '../metadata/metadata-value.ts'
import type { Change } from './compare.ts'
import { type AcceptedEvaluation, type ExampleScores, meanScore } from './scores.ts'

/** Metadata that every evaluation has beside the means of its scorers; no scorer may be named so. */
export const ownFields = ['examples_count', 'compared_count', 'accepted_run_id', 'accepted_time', 'scores', 'dropped_examples'] as const

/** An evaluation, compared. */
export interface Evaluated {
  /** Key text of the asset. */
  readonly asset: string
  readonly examples: readonly ExampleScores[]
  readonly scorers: readonly { readonly scorer: string; readonly threshold: number | undefined }[]
  readonly maxDrop: number
  readonly confidence: number
  /** Whether the run was asked to accept it. */
  readonly isAccepting: boolean
  readonly accepted: AcceptedEvaluation | undefined
  /** By scorer. */
  readonly changes: ReadonlyMap<string, Change>
}

/** The result of the check, and whether the evaluation is the accepted one from now on. */
export function evaluationResult(evaluated: Evaluated): { readonly isAccepted: boolean; readonly result: CheckResult } {
  const rows = scorerRows(evaluated)
  const isReached = rows.every(({ verdict }) => verdict !== 'below threshold')
  const isAccepted = isReached && (evaluated.isAccepting || evaluated.accepted === undefined)
  const passed = isReached && (isAccepted || rows.every(({ verdict }) => verdict !== 'worse'))
  return { isAccepted, result: { passed, description: description(evaluated, rows), metadata: metadata(evaluated, rows) } }
}

/** A scorer in the table `scores`. */
interface ScorerRow {
  readonly scorer: string
  readonly score: number
  readonly threshold: number | null
  readonly accepted: number | null
  readonly change: number | null
  readonly change_low: number | null
  readonly change_high: number | null
  readonly verdict: Change['verdict'] | 'below threshold' | 'new'
}

function scorerRows({ examples, scorers, accepted, changes }: Evaluated): ScorerRow[] {
  return scorers.map(({ scorer, threshold }) => {
    const change = changes.get(scorer)
    const score = meanScore(examples, scorer) ?? 0
    return {
      scorer,
      score,
      threshold: threshold ?? null,
      accepted: meanScore(accepted?.examples ?? [], scorer) ?? null,
      change: change?.mean ?? null,
      change_low: change?.bounds?.low ?? null,
      change_high: change?.bounds?.high ?? null,
      verdict: threshold !== undefined && score < threshold ? 'below threshold' : (change?.verdict ?? 'new'),
    }
  })
}

function metadata(evaluated: Evaluated, rows: readonly ScorerRow[]): Metadata {
  const { examples, accepted, changes } = evaluated
  const dropped = droppedExamples(evaluated)
  const own: { readonly [Field in (typeof ownFields)[number]]: Metadata[string] } = {
    examples_count: examples.length,
    compared_count: Math.max(0, ...[...changes.values()].map(({ pairs }) => pairs)),
    accepted_run_id: accepted?.runId,
    accepted_time: accepted && MetadataValue.timestamp(new Date(accepted.time)),
    scores: MetadataValue.table({ records: rows.map(rounded) }),
    dropped_examples: dropped.length === 0 ? undefined : MetadataValue.table({ records: dropped }),
  }
  return { ...Object.fromEntries(rows.map(({ scorer, score }) => [scorer, MetadataValue.float(score)])), ...own }
}

/** A row as it is shown: nobody reads more than four digits. */
function rounded(row: ScorerRow): ScorerRow {
  const round = (value: number | null): number | null => (value === null ? null : Math.round(value * 10_000) / 10_000)
  const { score, accepted, change, change_low, change_high } = row
  return {
    ...row,
    score: round(score) ?? 0,
    accepted: round(accepted),
    change: round(change),
    change_low: round(change_low),
    change_high: round(change_high),
  }
}

/** Dropped examples that are shown. */
const mostDropped = 20

/** The examples whose scores have dropped, those that dropped most first. */
function droppedExamples({ examples, accepted, changes }: Evaluated) {
  const before = new Map(accepted?.examples.map((example) => [example.id, example]))
  return examples
    .flatMap(({ id, digest, scores }) => {
      const then = before.get(id)
      if (then?.digest !== digest) return []
      return [...changes.keys()].map((scorer) => ({ example: id, scorer, score: scores[scorer] ?? 0, accepted: then.scores[scorer] ?? 0 }))
    })
    .filter(({ score, accepted }) => score < accepted)
    .sort((a, b) => a.score - a.accepted - (b.score - b.accepted))
    .slice(0, mostDropped)
}

function description(
  { asset, examples, accepted, changes, maxDrop, confidence, isAccepting }: Evaluated,
  rows: readonly ScorerRow[],
): string {
  const of = (verdict: ScorerRow['verdict']): ScorerRow[] => rows.filter((row) => row.verdict === verdict)
  const below = of('below threshold').map(
    ({ scorer, score, threshold }) => `${scorer} is ${shown(score)}, below its threshold ${threshold}.`,
  )
  const accept = `\`dagma eval ${asset} --accept\``
  const means = rows.map(({ scorer, score }) => `${scorer} ${shown(score)}`).join(', ')
  const sentences = [`${means} over ${examples.length} examples.`, ...below]
  if (below.length > 0) {
    if (isAccepting) sentences.push('It is not accepted: lower the threshold first.')
    return sentences.join(' ')
  }
  if (isAccepting || accepted === undefined)
    return `${sentences.join(' ')} ${isAccepting ? 'Accepted, as the run asked for.' : 'Accepted, as the first one: later ones are compared with it.'}`
  for (const { scorer, change, change_high } of of('worse'))
    sentences.push(
      `${scorer} has dropped by ${shown(-(change ?? 0))}, by at least ${shown(-(change_high ?? 0))} with ${confidence * 100} % confidence, which is more than ${maxDrop}. If that is meant, accept it: ${accept}.`,
    )
  for (const { scorer, change } of of('better'))
    sentences.push(`${scorer} has risen by ${shown(change ?? 0)}, which is beyond noise. To measure from there: ${accept}.`)
  const [unknown] = of('unknown')
  if (unknown !== undefined || changes.size === 0)
    sentences.push(
      `Too few of the examples are in the accepted evaluation to tell a change from noise (${changes.get(unknown?.scorer ?? '')?.pairs ?? 0}). To measure from here: ${accept}.`,
    )
  return sentences.join(' ')
}

function shown(score: number): string {
  return score.toFixed(3)
}
