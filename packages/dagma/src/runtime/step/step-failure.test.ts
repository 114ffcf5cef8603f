import { describe, expect, test } from 'vitest'
import { asset } from '../../definitions/assets/asset.ts'
import { Failure } from '../../definitions/assets/failure.ts'
import { dagmaError } from '../../errors.ts'
import type { WireMetadata } from '../../metadata/normalize.ts'
import { type ObservationField, observationFields } from '../../metadata/observation-fields.ts'
import { secret } from '../../metadata/redaction/secret.ts'
import { ServiceError } from '../../metadata/service-error.ts'
import { setEnvironment } from '../../test/temporary.ts'
import { type AttemptFacts, stepFailure } from './step-failure.ts'

const { step } = asset({ key: 'a', timeoutSeconds: 3, run: () => 1 })
const facts: AttemptFacts = { canceled: false, timedOut: false, retryNumber: 1 }

/** The metadata of a step whose function threw this. */
function failureMetadata(thrown: unknown, more: Partial<AttemptFacts> = {}): Record<string, unknown> {
  return values(failed(thrown, more))
}

function failed(thrown: unknown, more: Partial<AttemptFacts> = {}): WireMetadata {
  const error = dagmaError('DAGMA_STEP_FAILED', { step: 'a', reason: 'as thrown' }, thrown)
  const { metadata } = stepFailure(step, error, { ...facts, ...more })
  const table = new Map(Object.entries<ObservationField>(observationFields))
  for (const [key, { type }] of Object.entries(metadata)) if (table.has(key)) expect(table.get(key)?.types).toContain(type)
  return metadata
}

const values = (metadata: WireMetadata) => Object.fromEntries(Object.entries(metadata).map(([key, { raw_value }]) => [key, raw_value]))

const call = { operation: 'create run', method: 'POST', url: 'http://h/api?key=1', reason: 'Forbidden', hint: 'Check the token.' }

describe('the metadata of a failed step', () => {
  test('says what was thrown, in one line', () => {
    expect(failureMetadata(new RangeError('too many\nof them'))).toEqual({
      event_type: 'failure',
      status: 'failure',
      retry_count: 1,
      error_type: 'RangeError',
      error_summary: 'too many',
    })
  })

  test('has the fields that the table asks for, on every failure', () => {
    const wanted = Object.entries<ObservationField>(observationFields).flatMap(([name, { presence }]) =>
      presence === 'every' || presence === 'failure' ? [name] : [],
    )
    for (const thrown of [new Error('x'), 'a text', undefined, new ServiceError({ system: 'MLflow', ...call }), new Failure('x')])
      expect(Object.keys(failed(thrown))).toEqual(expect.arrayContaining(wanted))
  })

  test.each<[how: string, thrown: (error: ServiceError) => unknown]>([
    ['as it is', (error) => error],
    ['as the cause of another error', (error) => new Error('training failed', { cause: error })],
    ['as the cause of a Failure', (error) => new Failure('training failed', { cause: error })],
  ])('says which call to which system failed: %s', (_how, thrown) => {
    const answered = failureMetadata(thrown(new ServiceError({ system: 'MLflow', status: 403, ...call })))
    expect(answered).toMatchObject({ system: 'MLflow', operation: 'create run', http_status: 403 })
    expect(JSON.stringify(answered)).not.toContain('key=1')
    const silent = failureMetadata(thrown(new ServiceError({ system: 'MLflow', ...call })))
    expect(silent).toMatchObject({ system: 'MLflow', operation: 'create run' })
    expect(silent).not.toHaveProperty('http_status')
  })

  test('says the call that a resource made when it was opened', () => {
    const cause = new ServiceError({ system: 'Qdrant', status: 401, ...call })
    const { metadata } = stepFailure(step, dagmaError('DAGMA_RESOURCE_FAILED', { resource: 'q', reason: 'r' }, cause), facts)
    expect(values(metadata)).toMatchObject({ error_type: 'DAGMA_RESOURCE_FAILED', system: 'Qdrant', http_status: 401 })
  })

  test('has what a Failure carries, which comes before what is known', () => {
    const thrown = new Failure('bad rows', { metadata: { rows: 3, status: 'rejected' }, allowRetries: false })
    expect(failureMetadata(thrown)).toMatchObject({ rows: 3, status: 'rejected', error_type: 'Failure', error_summary: 'bad rows' })
  })

  test('says that it was canceled, or did not end in time', () => {
    expect(failureMetadata(new Error('x'), { canceled: true })).toMatchObject({ status: 'canceled', error_type: 'DAGMA_CANCELED' })
    expect(failureMetadata(new Error('x'), { timedOut: true })).toMatchObject({
      status: 'failure',
      error_type: 'DAGMA_TIMEOUT',
      error_summary: expect.stringContaining('3 s'),
    })
  })

  test('has no secret, and is bounded', () => {
    setEnvironment({ DAGMA_TEST_FAILURE: 'failure-secret-value' })
    secret('DAGMA_TEST_FAILURE')
    const shown = failureMetadata(new Failure('key failure-secret-value', { metadata: { a: 'failure-secret-value' } }))
    expect(JSON.stringify(shown)).not.toContain('failure-secret-value')
    expect(String(failureMetadata(new Error('x'.repeat(100_000))).error_summary).length).toBeLessThan(17_000)
  })

  test('a loop of causes ends', () => {
    const [one, two] = [new Error('one'), new Error('two')]
    one.cause = two
    two.cause = one
    expect(failureMetadata(one)).toMatchObject({ error_summary: 'one' })
  })
})
