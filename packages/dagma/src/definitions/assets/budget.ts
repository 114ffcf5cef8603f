/**
 * A limit for the cost of the models that a run calls: once it is used up, further calls fail, and completed work is kept. Calls that are then in
 * progress are still paid for. Dagster has no such thing.
 */
export interface Budget {
  /** In the currency of the project's `model-prices.json`, which must have a price of each model that is called. Default: no limit. */
  readonly maxCost?: number
  /** Tokens, of input and output together. Default: no limit. */
  readonly maxTokens?: number
  /** The period that it limits: each run, or all runs of a day or a month in UTC. Default `run`. */
  readonly per?: BudgetPeriod
}

/** The scope of a budget. */
export type BudgetPeriod = 'run' | 'day' | 'month'

const limits = ['maxCost', 'maxTokens'] as const
const periods: readonly unknown[] = ['run', 'day', 'month']

/** Whether a value is a budget: it has a limit, and nothing unknown. */
export function isBudget(value: unknown): value is Budget {
  if (typeof value !== 'object' || value === null) return false
  const { maxCost, maxTokens, per, ...rest } = value as Record<keyof Budget, unknown>
  const isLimit = (limit: unknown): boolean => limit === undefined || (typeof limit === 'number' && limit > 0 && Number.isFinite(limit))
  if (Object.keys(rest).length > 0 || !isLimit(maxCost) || !isLimit(maxTokens)) return false
  return limits.some((name) => (value as Budget)[name] !== undefined) && (per === undefined || periods.includes(per))
}
