/** How well each example went, by scorer: from 0, worst, to 1, best. */
export interface ExampleScores {
  readonly id: string
  /** Digest of the example: one that has changed is another example, though its id is the same. */
  readonly digest: string
  readonly scores: { readonly [scorer: string]: number }
}

/** An evaluation as it is kept when it is accepted. */
export interface AcceptedEvaluation {
  readonly version: 1
  /** The run that it was evaluated in. */
  readonly runId: string
  /** Milliseconds since 1970-01-01 UTC. */
  readonly time: number
  readonly examples: readonly ExampleScores[]
}

/** The accepted evaluation that was kept; undefined when none was. @throws Error for what another version of Dagma kept, unless it is about to be replaced */
export function acceptedEvaluation(kept: unknown, isReplaced: boolean): AcceptedEvaluation | undefined {
  if (isAccepted(kept)) return kept
  if (kept === undefined || isReplaced) return undefined
  throw new Error('The accepted evaluation was kept by another version of Dagma. Accept one again, with `dagma eval --accept`.')
}

function isAccepted(kept: unknown): kept is AcceptedEvaluation {
  return typeof kept === 'object' && kept !== null && 'version' in kept && kept.version === 1
}

/** The mean of a scorer over the examples that it scored; undefined if there are none. */
export function meanScore(examples: readonly ExampleScores[], scorer: string): number | undefined {
  const scores = examples.flatMap(({ scores }) => scores[scorer] ?? [])
  return scores.length === 0 ? undefined : meanOf(scores)
}

/** The mean of some numbers. */
export function meanOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0) / numbers.length
}
