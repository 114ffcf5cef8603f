import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type RetryPolicy, retryDelay, retryPolicy } from './retry-policy.ts'

/** Delays that Dagster's own policy gives: python/tests/test_retry_delays.py computes the same file with it. */
const golden: {
  readonly policies: readonly (Pick<RetryPolicy, 'backoff' | 'jitter'> & { readonly random: number; readonly delays: readonly number[] })[]
} = JSON.parse(readFileSync(new URL('../../../../../protocol/golden/retry-delays.json', import.meta.url), 'utf8'))

test.each(golden.policies)('backoff $backoff with jitter $jitter at $random', ({ backoff, jitter, random, delays }) => {
  const policy = retryPolicy({ maxRetries: 5, delaySeconds: 10, backoff, jitter })
  expect(delays.map((_, index) => retryDelay(policy, index + 1, () => random))).toEqual(delays)
})

test('a policy of nothing retries once, at once', () => {
  expect(retryPolicy({})).toEqual({ maxRetries: 1, delaySeconds: 0, backoff: 'constant', jitter: 'none' })
})
