/** The engine's events as they are reported are the golden request that Python reads: `protocol/golden/report.json`. */
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import type { EventBody, RunEvent } from '../engine/events.ts'
import type { WireMetadata } from '../metadata/normalize.ts'
import { reportedEvents } from './reported-events.ts'

const protocol = (file: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../../protocol/${file}`, import.meta.url), 'utf8')) as unknown
const golden = protocol('golden/report.json') as { events: { metadata: WireMetadata }[] }
const runId = '0b7a1c52-3c1e-4a35-9f4e-5d1d0c4b6a11'

/** The metadata of an asset itself: the golden metadata without Dagma's own. */
const given = (index: number): WireMetadata =>
  Object.fromEntries(Object.entries(golden.events[index]?.metadata ?? {}).filter(([key]) => !key.startsWith('dagma/')))

const at = (seconds: number, body: EventBody): RunEvent => ({ ...body, runId, time: (1767225600 + seconds) * 1000 })

const log: RunEvent[] = [
  at(0, { type: 'RUN_START' }),
  at(0, { type: 'STEP_START', step: 'shop__revenue' }),
  at(0, { type: 'LOG', step: 'shop__revenue', level: 'info', message: 'counting' }),
  at(0.25, {
    type: 'ASSET_MATERIALIZATION',
    step: 'shop__revenue',
    asset: 'shop/revenue',
    partition: null,
    dataVersion: 'v1',
    metadata: given(0),
  }),
  at(0.5, { ...check('positive', true), severity: 'ERROR', partition: null, blocking: true, description: null, metadata: given(1) }),
  at(0.5, {
    ...check('fresh', false),
    severity: 'WARN',
    partition: null,
    blocking: false,
    description: 'It is two days old.',
    metadata: given(2),
  }),
  at(0.5, { type: 'STEP_SUCCESS', step: 'shop__revenue' }),
  at(1, { type: 'STEP_START', step: 'daily' }),
  at(1, { type: 'ASSET_MATERIALIZATION', step: 'daily', asset: 'daily', partition: '2026-01-01', dataVersion: null, metadata: {} }),
  at(1, { type: 'STEP_SUCCESS', step: 'daily' }),
  at(1, { type: 'STEP_SKIPPED', step: 'later', because: 'broken' }),
  at(2, { type: 'ASSET_OBSERVATION', step: 'feed', asset: 'feed', partition: null, dataVersion: '7', metadata: given(4) }),
  at(2, { type: 'RUN_FAILURE', message: 'Steps failed: broken.' }),
]

function check(name: string, passed: boolean) {
  return { type: 'ASSET_CHECK_EVALUATION', step: 'shop__revenue', asset: 'shop/revenue', check: name, passed } as const
}

test('materializations, checks and observations are reported, each with its run, its own id and its time', () => {
  expect(reportedEvents(log)).toEqual(golden.events)
})

test('the golden request keeps to the schema', () => {
  const ajv = new Ajv2020({ allowUnionTypes: true })
  ajv.addSchema(protocol('report.schema.json') as object)
  const isRequest = ajv.compile({ $ref: 'dagma:report#/$defs/request' })
  expect(isRequest({ events: reportedEvents(log) }), JSON.stringify(isRequest.errors)).toBe(true)
  expect(isRequest({})).toBe(false)
  expect(isRequest({ events: [{ ...golden.events[0], check: 'x' }] })).toBe(false)
})

test('a check of several partitions is reported for each, and then as their sum', () => {
  const checkOf = (partition: string, passed: boolean, severity: 'WARN' | 'ERROR' = 'ERROR') =>
    at(1, { ...check('positive', passed), severity, partition, blocking: true, description: null, metadata: {} })
  const sumOf = (...checks: RunEvent[]) => reportedEvents(checks).slice(checks.length)
  expect(sumOf(checkOf('a', false), checkOf('b', true), checkOf('c', true))).toMatchObject([
    {
      type: 'check',
      passed: false,
      severity: 'ERROR',
      blocking: true,
      description: '2 of 3 partitions passed.',
      metadata: { partitions: { raw_value: 3 }, failed_partitions: { raw_value: ['a'] } },
    },
  ])
  expect(sumOf(checkOf('a', false, 'WARN'), checkOf('b', true))).toMatchObject([{ passed: false, severity: 'WARN' }])
  expect(sumOf(checkOf('a', false), checkOf('b', true), checkOf('a', true))).toMatchObject([{ passed: true }]) // evaluated again
  expect(sumOf(checkOf('a', false), checkOf('a', true))).toEqual([])
})
