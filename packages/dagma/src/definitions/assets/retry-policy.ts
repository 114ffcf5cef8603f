import { expectOptions, type OptionTable } from '../options/expect-options.ts'

/** When a failed step is retried. Dagster's `RetryPolicy`. Made by {@link retryPolicy}. */
export interface RetryPolicy {
  /** Tries after the first one. */
  readonly maxRetries: number
  /** Seconds before a try. */
  readonly delaySeconds: number
  /**
   * How the delay before try number n grows, n being 1 for the first retry: `constant` is delaySeconds each time, `linear` n × delaySeconds (1, 2,
   * 3, …), `exponential` (2ⁿ − 1) × delaySeconds (1, 3, 7, 15, …). Dagster's `Backoff.LINEAR` and `Backoff.EXPONENTIAL`.
   */
  readonly backoff: 'constant' | 'linear' | 'exponential'
  /** Random change of the delay: none, from 0 to the whole delay, or up to `delaySeconds` more or less. */
  readonly jitter: 'none' | 'full' | 'plus_minus'
}

/** Those options, as `expectOptions` reads them. */
export const retryPolicyOptions: OptionTable<keyof RetryPolicy> = {
  maxRetries: 'number',
  delaySeconds: 'number',
  backoff: 'backoff',
  jitter: 'jitter',
}

/**
 * Declares a retry policy.
 * @example
 * ```ts
 * const orders = asset({ key: 'orders', retryPolicy: retryPolicy({ maxRetries: 3, delaySeconds: 2, backoff: 'exponential' }), run: () => [20, 35] })
 * ```
 */
export function retryPolicy(options: {
  /** Tries after the first one; default 1. */
  maxRetries?: number
  /** Seconds before a try; default 0. */
  delaySeconds?: number
  /** Default `constant`; see {@link RetryPolicy} for the delays that the others give. */
  backoff?: RetryPolicy['backoff']
  /** Default `none`. */
  jitter?: RetryPolicy['jitter']
}): RetryPolicy {
  expectOptions('retryPolicy()', options, retryPolicyOptions)
  const { maxRetries = 1, delaySeconds = 0, backoff = 'constant', jitter = 'none' } = options
  return { maxRetries, delaySeconds, backoff, jitter }
}

/** Seconds before try number `retryNumber` (1 is the first retry), as Dagster computes them. `random` gives numbers from 0 to 1. */
export function retryDelay(policy: RetryPolicy, retryNumber: number, random: () => number): number {
  const growth = { constant: 1, linear: retryNumber, exponential: 2 ** retryNumber - 1 }[policy.backoff]
  const delay = policy.delaySeconds * growth
  if (policy.jitter === 'full') return random() * delay
  return policy.jitter === 'plus_minus' ? delay + (2 * random() - 1) * policy.delaySeconds : delay
}
