/** The input of a scorer. */
export interface Scoring<Example, Output, Resources = unknown> {
  readonly example: Example
  /** The value that the evaluation's `run` returned for the example. */
  readonly output: Output
  /** The opened resources of the evaluation. */
  readonly resources: Resources
  /** Aborted when the step is canceled or out of time: pass it to whatever waits. */
  readonly signal: AbortSignal
}

/**
 * Scores what was returned for one example: a number from 0, worst, to 1, best. Any function is one; {@link hitRate}, {@link mrr}, {@link ndcg},
 * {@link exactMatch}, {@link jsonValidity}, {@link answerLength} and {@link llmJudge} make common ones.
 * @example
 * ```ts
 * const cites: Scorer<{ source: string }, string> = ({ example, output }) => (output.includes(example.source) ? 1 : 0)
 * ```
 */
export type Scorer<Example = never, Output = never, Resources = unknown> = (
  scoring: Scoring<Example, Output, Resources>,
) => number | Promise<number>
