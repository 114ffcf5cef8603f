/** Whatever options a declaration is called with from JavaScript: a coded error, or a manifest that fits its schema. */
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { asset } from '../../definitions/assets/asset.ts'
import { assetCheck } from '../../definitions/assets/asset-check.ts'
import { externalAsset } from '../../definitions/assets/external-asset.ts'
import { multiAsset } from '../../definitions/assets/multi-asset.ts'
import { observableAsset } from '../../definitions/assets/observable-asset.ts'
import { retryPolicy } from '../../definitions/assets/retry-policy.ts'
import { job } from '../../definitions/automation/job.ts'
import { schedule } from '../../definitions/automation/schedule.ts'
import { sensor } from '../../definitions/automation/sensor.ts'
import { definitions } from '../../definitions/definitions.ts'
import { resource } from '../../definitions/resource.ts'
import * as tables from '../../definitions/validation/option-tables.ts'
import { DagmaError, DefinitionErrors } from '../../errors.ts'
import { buildManifest } from './manifest.ts'

const schema = JSON.parse(readFileSync(new URL('../../../../../protocol/manifest.schema.json', import.meta.url), 'utf8'))
const validate = new Ajv2020({ allowUnionTypes: true }).compile(schema)

type Options = { readonly [option: string]: unknown }
const run = () => 1
const a = asset({ key: 'a', run })
const all = job({ name: 'all', selection: '*' })

const declarations: readonly [name: string, table: object, good: Options, declare: (options: never) => Options][] = [
  ['asset', tables.assetOptions, { key: 'b', run }, (options) => ({ assets: [a, asset(options)] })],
  ['multiAsset', tables.multiAssetOptions, { name: 'm', assets: { b: {} }, run }, (options) => ({ assets: [multiAsset(options)] })],
  [
    'part',
    tables.multiAssetPartOptions,
    {},
    (options) => ({ assets: [a, multiAsset({ name: 'm', assets: { b: options }, run: () => ({ b: 1 }) })] }),
  ],
  ['externalAsset', tables.externalAssetOptions, { key: 'b' }, (options) => ({ assets: [a, externalAsset(options)] })],
  ['observableAsset', tables.observableAssetOptions, { key: 'b', run }, (options) => ({ assets: [observableAsset(options)] })],
  ['assetCheck', tables.assetCheckOptions, { asset: 'a', name: 'c', run }, (options) => ({ assets: [a], checks: [assetCheck(options)] })],
  ['inline check', tables.inlineCheckOptions, {}, (options) => ({ assets: [asset({ key: 'b', checks: { c: options }, run } as never)] })],
  ['job', tables.jobOptions, { name: 'j', selection: '*' }, (options) => ({ assets: [a], jobs: [job(options)] })],
  [
    'schedule',
    tables.scheduleOptions,
    { name: 's', job: all, cronSchedule: '@daily' },
    (options) => ({ assets: [a], jobs: [all], schedules: [schedule(options)] }),
  ],
  ['sensor', tables.sensorOptions, { name: 's', job: all, run }, (options) => ({ assets: [a], jobs: [all], sensors: [sensor(options)] })],
  ['retryPolicy', tables.retryPolicyOptions, {}, (options) => ({ assets: [asset({ key: 'b', retryPolicy: retryPolicy(options), run })] })],
  ['resource', tables.resourceOptions, { open: run }, (options) => ({ assets: [a], resources: { r: resource(options)({}) } })],
  ['definitions', tables.definitionsOptions, { assets: [a] }, (options) => options],
]

/** Values near what an option takes: of its type, holding something odd. */
const value = fc.oneof(
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withSet: true, withSparseArray: true }),
  fc.array(fc.oneof(fc.anything(), fc.string()), { maxLength: 2 }),
  fc.dictionary(fc.string(), fc.oneof(fc.anything(), fc.string()), { maxKeys: 2 }),
  fc.string({ unit: 'binary' }),
  fc.double(),
  fc.boolean(),
  fc.constantFrom<unknown>(
    a,
    all,
    [a],
    [undefined],
    { b: undefined },
    { key: 'a' },
    { key: 5 },
    [{ key: ['a'] }],
    () => ({}),
    Symbol('x'),
    'a',
    ['a'],
  ),
)

test.each(declarations)('%s', (_, table, good, declare) => {
  const option = fc.constantFrom(...Object.keys(table))
  fc.assert(
    fc.property(fc.dictionary(option, value, { minKeys: 1, maxKeys: 2 }), (odd) => {
      try {
        const manifest = buildManifest(definitions(declare({ ...good, ...odd } as never) as never), '/project')
        expect(validate(JSON.parse(JSON.stringify(manifest))), JSON.stringify(validate.errors)).toBe(true)
      } catch (error) {
        if (!(error instanceof DagmaError || error instanceof DefinitionErrors)) throw error
      }
    }),
    { numRuns: 400 },
  )
})
