/** Stores and reports the return value of a step's function. */

import { type AssetKey, keyText } from '../../definitions/assets/asset-key.ts'
import { type CheckResult, isMaterializeResult, type ObserveResult } from '../../definitions/assets/results.ts'
import type { CheckSpec, Step } from '../../definitions/assets/step.ts'
import { stepLabel } from '../../definitions/assets/step-label.ts'
import { partitionOf } from '../../definitions/definitions.ts'
import { dagmaError } from '../../errors.ts'
import type { Metadata } from '../../metadata/metadata-value.ts'
import { normalize } from '../../metadata/normalize.ts'
import { gateMetadata, gateStaticMetadata, gateText } from '../gate/exit-gate.ts'
import type { AttemptHost, CheckReport } from './step-host.ts'

/** The return value of the user's function, and its duration. */
export interface Returned {
  readonly returned: unknown
  readonly latencyMs: number
  /** Metadata on what it spent on models. */
  readonly spent: Metadata
}

/**
 * Stores the values and reports the materializations, observations and checks of a step. @throws DAGMA_RESULT_WRONG, DAGMA_VALUE_NOT_STORABLE,
 * DAGMA_METADATA_INVALID
 */
export async function reportResult(step: Step, host: AttemptHost, { returned, latencyMs, spent }: Returned): Promise<void> {
  if (step.kind === 'check') {
    for (const check of step.checks) host.report(checkReport(step, check, returned))
    return
  }
  const [only] = step.assets
  if (step.kind === 'observe') {
    const { metadata = {}, dataVersion } = expectObject<ObserveResult>(step, returned, 'no observation such as { dataVersion, metadata }')
    const gated = gateMetadata(normalize({ ...spent, ...metadata }), {
      eventType: 'observation',
      retryCount: host.retryNumber,
      latencyMs,
      sizeBytes: undefined,
      traceUrls: host.traceUrls,
    })
    host.report({ type: 'observation', assetKey: only?.key ?? [], metadata: gated, dataVersion: gateIfText(dataVersion) })
    return
  }
  if (step.partNames === undefined) return storeAndReport(step, host, only?.key ?? [], { returned, latencyMs, spent })
  const parts = expectObject<{ readonly [name: string]: unknown }>(step, returned, 'no object with a value for each asset')
  const unknown = Object.keys(parts).find((name) => !step.partNames?.includes(name))
  if (unknown !== undefined) throw wrong(step, `it has "${unknown}", which is none of its assets`)
  for (const [index, name] of step.partNames.entries()) {
    const key = step.assets[index]?.key ?? []
    if (name in parts) await storeAndReport(step, host, key, { returned: parts[name], latencyMs, spent })
    else if (host.selected.has(keyText(key))) throw wrong(step, `the value of "${name}" is missing`)
  }
}

/** As {@link reportResult}, of a function with `range: true` that was called for the host's partition alone. */
export async function reportPartition(step: Step, host: AttemptHost, { returned, latencyMs, spent }: Returned): Promise<void> {
  const key = host.partitionKey ?? ''
  return reportResult(step, host, { returned: valuesByPartition(step, returned, [key])(key), latencyMs, spent })
}

/** The return value of a function with `range: true`, by partition. @throws DAGMA_RESULT_WRONG if it is not by key; from the result, for a missing key */
export function valuesByPartition(step: Step, returned: unknown, keys: readonly string[]): (key: string) => unknown {
  const values = expectObject<{ readonly [key: string]: unknown }>(step, returned, 'no object from partition key to value')
  const known = new Set(keys)
  const unknown = Object.keys(values).find((key) => !known.has(key))
  if (unknown !== undefined) throw wrong(step, `it has "${unknown}", which is not one of the partitions to make`)
  return (key) => {
    if (!Object.hasOwn(values, key)) throw wrong(step, `the value of the partition "${key}" is missing`)
    return values[key]
  }
}

async function storeAndReport(step: Step, host: AttemptHost, assetKey: AssetKey, { returned, latencyMs, spent }: Returned): Promise<void> {
  const { value, metadata = {}, checks: results = {}, dataVersion } = isMaterializeResult(returned) ? returned : { value: returned }
  const declared = step.checks.filter((check) => keyText(check.asset) === keyText(assetKey))
  for (const name of Object.keys(results)) {
    if (!declared.some((check) => check.name === name))
      throw wrong(step, `it has a result of the check "${name}", which "${keyText(assetKey)}" does not declare`)
  }
  // Everything that can be wrong is found before the value is stored: a step that fails must not change it.
  const normalized = normalize({ ...spent, ...metadata })
  const checks = declared.map((check) => checkReport(step, check, results[check.name]))
  const partition = partitionOf(host.definitions.assets, assetKey, host.partitionKey)
  const { sizeBytes, stored } = await host.values.store(
    { assetKey, partitionKey: partition, runId: host.runId, signal: host.signal },
    value,
  )
  host.report({
    type: 'materialization',
    assetKey,
    metadata: gateMetadata(normalized, {
      eventType: 'materialization',
      retryCount: host.retryNumber,
      latencyMs,
      sizeBytes,
      traceUrls: host.traceUrls,
    }),
    dataVersion: gateIfText(dataVersion),
    stored,
  })
  for (const check of checks) host.report(check)
}

function checkReport(step: Step, check: CheckSpec, returned: unknown): CheckReport {
  const result = expectObject<CheckResult>(step, returned, `it lacks a result of the check "${check.name}" such as { passed: true }`)
  if (typeof result.passed !== 'boolean') throw wrong(step, `the result of the check "${check.name}" does not say whether it passed`)
  const severity = result.severity ?? 'ERROR'
  return {
    type: 'check',
    assetKey: check.asset,
    check: check.name,
    passed: result.passed,
    severity,
    description: gateIfText(result.description),
    metadata: gateStaticMetadata(result.metadata ?? {}),
    blocking: check.blocking,
    blocksDownstream: check.blocking && !result.passed && severity === 'ERROR',
  }
}

function gateIfText(text: string | undefined): string | undefined {
  return text === undefined ? undefined : gateText(text)
}

function expectObject<Expected>(step: Step, value: unknown, reason: string): Expected {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(step, reason)
  return value as Expected
}

function wrong(step: Step, reason: string): Error {
  return dagmaError('DAGMA_RESULT_WRONG', { step: stepLabel(step), reason })
}
