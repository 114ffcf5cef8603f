/** When a failed step is tried again. Dagster's `RetryPolicy`. Made by {@link retryPolicy}. */
export interface RetryPolicy {
  /** Tries after the first one. */
  readonly maxRetries: number
  /** Seconds before a try. */
  readonly delaySeconds: number
  /** How the delay grows: not at all, by the number of the try, or doubled each time. */
  readonly backoff: 'constant' | 'linear' | 'exponential'
  /** Random change of the delay: none, from 0 to the whole delay, or up to `delaySeconds` more or less. */
  readonly jitter: 'none' | 'full' | 'plus_minus'
}

/** Declares a retry policy. */
export function retryPolicy(options: {
  /** Tries after the first one; default 1. */
  maxRetries?: number
  /** Seconds before a try; default 0. */
  delaySeconds?: number
  /** Default `constant`. */
  backoff?: RetryPolicy['backoff']
  /** Default `none`. */
  jitter?: RetryPolicy['jitter']
}): RetryPolicy {
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
