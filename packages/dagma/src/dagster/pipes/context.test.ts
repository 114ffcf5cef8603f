import { describe, expect, test } from 'vitest'
import { DagmaError } from '../../errors.ts'
import { pipesContext } from '../../test/pipes-context.ts'
import { PipesContext } from './context.ts'
import type { PipesContextData } from './protocol.ts'

const context = pipesContext({
  code_version_by_asset_key: { 'warehouse/sum': 'v2' },
  provenance_by_asset_key: {
    'warehouse/sum': { code_version: 'v1', input_data_versions: { raw: 'a' }, is_user_provided: true },
  },
  job_name: 'job',
  extras: { a: 1 },
})

const contextOf = (changes: Partial<PipesContextData>): PipesContext => new PipesContext({ ...context, ...changes })

/** The code of the error that each call throws. */
function codesOf(...calls: readonly (() => unknown)[]): unknown[] {
  return calls.map((call) => {
    try {
      return call()
    } catch (error) {
      return error instanceof DagmaError ? error.code : error
    }
  })
}

describe('the context', () => {
  test('of one asset', () => {
    const context = contextOf({
      partition_key: null,
      partition_key_range: { start: '2030-01-01', end: '2030-01-03' },
      partition_time_window: { start: '2030-01-01T00:00:00+00:00', end: '2030-01-04T00:00:00+00:00' },
    })
    expect([context.runId, context.jobName, context.retryNumber, context.isAssetStep, context.isPartitionStep]).toEqual([
      'run-1',
      'job',
      0,
      true,
      true,
    ])
    expect([context.assetKey, context.assetKeys, context.codeVersion]).toEqual(['warehouse/sum', ['warehouse/sum'], 'v2'])
    expect(context.provenance).toEqual({ codeVersion: 'v1', inputDataVersions: { raw: 'a' }, isUserProvided: true })
    expect(context.partitionKeyRange).toEqual({ start: '2030-01-01', end: '2030-01-03' })
    expect(context.partitionTimeWindow?.end).toBe('2030-01-04T00:00:00+00:00')
    expect([context.extras, context.extra('a')]).toEqual([{ a: 1 }, 1])
    expect(
      codesOf(
        () => context.partitionKey,
        () => context.extra('b'),
        () => context.extra('toString'),
      ),
    ).toEqual(Array(3).fill('DAGMA_PIPES_UNDEFINED'))
  })

  test('of several assets', () => {
    const context = contextOf({
      asset_keys: ['a', 'b'],
      code_version_by_asset_key: { a: null, b: 'v' },
      provenance_by_asset_key: { a: null, b: null },
    })
    expect(context.codeVersionByAssetKey).toEqual({ a: undefined, b: 'v' })
    expect(context.provenanceByAssetKey).toEqual({ a: undefined, b: undefined })
    expect(
      codesOf(
        () => context.assetKey,
        () => context.codeVersion,
        () => context.provenance,
      ),
    ).toEqual(Array(3).fill('DAGMA_PIPES_UNDEFINED'))
  })

  test('of no asset', () => {
    const none = { asset_keys: null, code_version_by_asset_key: null, provenance_by_asset_key: null, job_name: null }
    const context = contextOf(none)
    expect([context.isAssetStep, context.isPartitionStep, context.jobName]).toEqual([false, false, undefined])
    const asks = [
      () => context.assetKey,
      () => context.assetKeys,
      () => context.codeVersionByAssetKey,
      () => context.provenanceByAssetKey,
      () => context.partitionKey,
      () => context.partitionKeyRange,
      () => context.partitionTimeWindow,
    ]
    expect(codesOf(...asks)).toEqual(asks.map(() => 'DAGMA_PIPES_UNDEFINED'))
  })
})
