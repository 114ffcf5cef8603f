import { expect, test } from 'vitest'
import { type RetryPolicy, retryDelay, retryPolicy } from './retry-policy.ts'

const delays = (policy: RetryPolicy, random: number) => [1, 2, 3].map((retry) => retryDelay(policy, retry, () => random))

// `calculate_delay` of dagster: the jitter is of the whole delay when full, of the first delay when it goes both ways.
test.each([
  ['none', 'exponential', 0.5, [10, 30, 70]],
  ['full', 'constant', 0.5, [5, 5, 5]],
  ['full', 'exponential', 0.5, [5, 15, 35]],
  ['full', 'linear', 0, [0, 0, 0]],
  ['plus_minus', 'constant', 1, [20, 20, 20]],
  ['plus_minus', 'exponential', 0, [0, 20, 60]],
  ['plus_minus', 'linear', 0.5, [10, 20, 30]],
] as const)('jitter %s on a delay that is %s, at %d', (jitter, backoff, random, expected) => {
  expect(delays(retryPolicy({ maxRetries: 3, delaySeconds: 10, backoff, jitter }), random)).toEqual(expected)
})

test('a policy of nothing retries once, at once', () => {
  expect(retryPolicy({})).toEqual({ maxRetries: 1, delaySeconds: 0, backoff: 'constant', jitter: 'none' })
})
