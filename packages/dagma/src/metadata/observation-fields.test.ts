import { expect, expectTypeOf, it } from 'vitest'
import type { JsonInput } from './metadata-value.ts'
import { type ObservationField, type ObservationMetadata, observationFields } from './observation-fields.ts'

const fields = Object.entries<ObservationField>(observationFields)

it('has each name in snake case, with its unit at its end where it has one that is not plain to see', () => {
  for (const [name, { unit }] of fields) {
    expect(name).toMatch(/^[a-z]+(?:_[a-z]+)*$/)
    if (unit === 'ms' || unit === 'bytes' || unit === 'tokens' || unit === 'characters') expect(name).toMatch(new RegExp(`_${unit}$`))
  }
})

it('has metrics in base units, and never the prefix of others', () => {
  for (const [, { metric, unit }] of fields) {
    if (metric === null) continue
    expect(metric).toMatch(/\bdagma_[a-z_]+/)
    if (unit === 'ms') expect(metric).toMatch(/_seconds$/)
    if (unit === 'bytes') expect(metric).toMatch(/_bytes$/)
  }
})

it('has what a link, a number and a failure must have', () => {
  for (const [name, { types, unit, of, presence, metadata, spanAttribute }] of fields) {
    const isLink = name.endsWith('_url') || name.endsWith('_endpoint')
    if (isLink) expect(types).toEqual(['url'])
    if (isLink && !['trace_url', 'mlflow_trace_url'].includes(name)) expect(of, name).toBeDefined() // a trace belongs to no system of the table
    if (unit !== null) expect(types.every((type) => type === 'int' || type === 'float')).toBe(true)
    if (presence === 'failure' || presence === 'failed-call' || !metadata) expect(spanAttribute).not.toBeNull()
  }
})

it('gives the types of the values', () => {
  expectTypeOf<ObservationMetadata['latency_ms']>().toEqualTypeOf<number | undefined>()
  expectTypeOf<ObservationMetadata['preview']>().toEqualTypeOf<JsonInput>()
  expectTypeOf<ObservationMetadata['artifact_uploaded']>().toEqualTypeOf<boolean | undefined>()
  expectTypeOf<ObservationMetadata['mlflow_tracking_uri']>().toEqualTypeOf<string | undefined>()
})
