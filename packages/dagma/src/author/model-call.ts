import { spendingAccount } from '../metadata/spending.ts'
import type { ModelPrice } from './model-prices.ts'

/** The usage of a model call. */
export interface ModelTokens {
  readonly inputTokens: number
  readonly outputTokens: number
  /** Of the input tokens, those that cost less; default 0. */
  readonly cachedInputTokens?: number
  /** Whether the endpoint counted them; otherwise they are an estimate, by {@link estimatedTokens}. */
  readonly isCounted: boolean
}

/**
 * Begins a model call that costs money, in the step that makes it: rejected if one of the step's budgets is used up. Call the returned function when
 * the call has ended, also when it failed after tokens were used, and returns the cost. Outside of a step nothing is counted.
 * @throws DAGMA_BUDGET_EXCEEDED, DAGMA_PRICE_MISSING
 * @example
 * ```ts
 * const embed = async (text: string) => {
 *   const end = startModelCall('embed-1', { input: 0.02 })
 *   const answer = { vector: [0, 1], tokens: 3, of: text }
 *   const cost = end({ inputTokens: answer.tokens, outputTokens: 0, isCounted: true })
 *   return { ...answer, cost }
 * }
 * ```
 */
export function startModelCall(model: string, price: ModelPrice | undefined): (tokens: ModelTokens) => number | undefined {
  const account = spendingAccount()
  account?.admit(model, price !== undefined)
  return (tokens) => {
    const { inputTokens, outputTokens, isCounted } = tokens
    const cost = price && costOf(price, tokens)
    account?.record({ model, inputTokens, outputTokens, isCounted, cost })
    return cost
  }
}

function costOf({ input, cachedInput = input, output = 0 }: ModelPrice, tokens: ModelTokens): number {
  const { inputTokens, outputTokens, cachedInputTokens: cached = 0 } = tokens
  return ((inputTokens - cached) * input + cached * cachedInput + outputTokens * output) / 1_000_000
}

/**
 * The tokens of texts that an endpoint does not count: one for each three characters, which is more than most models take.
 * @example
 * ```ts
 * const tokens = estimatedTokens('A text.'.length) // 3
 * ```
 */
export function estimatedTokens(characters: number): number {
  return Math.ceil(characters / 3)
}
