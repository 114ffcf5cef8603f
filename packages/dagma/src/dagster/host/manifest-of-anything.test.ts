/** Whatever options a declaration is called with from JavaScript: a coded error, or a manifest that fits its schema. */
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { asset, assetOptions, inlineCheckOptions } from '../../definitions/assets/asset.ts'
import { assetCheck, assetCheckOptions } from '../../definitions/assets/asset-check.ts'
import { externalAsset, externalAssetOptions } from '../../definitions/assets/external-asset.ts'
import { multiAsset, multiAssetOptions, multiAssetPartOptions } from '../../definitions/assets/multi-asset.ts'
import { observableAsset, observableAssetOptions } from '../../definitions/assets/observable-asset.ts'
import { retryPolicy, retryPolicyOptions } from '../../definitions/assets/retry-policy.ts'
import { job, jobOptions } from '../../definitions/automation/job.ts'
import { schedule, scheduleOptions } from '../../definitions/automation/schedule.ts'
import { sensor, sensorOptions } from '../../definitions/automation/sensor.ts'
import { definitions, definitionsOptions } from '../../definitions/definitions.ts'
import { resource, resourceOptions } from '../../definitions/resource.ts'
import { DagmaError, DefinitionErrors } from '../../errors.ts'
import { buildManifest } from './manifest.ts'

const schema = JSON.parse(readFileSync(new URL('../../../../../protocol/manifest.schema.json', import.meta.url), 'utf8'))
const { digests } = JSON.parse(readFileSync(new URL('../../../../../protocol/golden/manifest.json', import.meta.url), 'utf8')) as {
  digests: object
}
const validate = new Ajv2020({ allowUnionTypes: true }).compile(schema)

type Options = { readonly [option: string]: unknown }
const run = () => 1
const a = asset({ key: 'a', run })
const all = job({ name: 'all', selection: '*' })

const declarations: readonly [name: string, table: object, good: Options, declare: (options: never) => Options][] = [
  ['asset', assetOptions, { key: 'b', run }, (options) => ({ assets: [a, asset(options)] })],
  ['multiAsset', multiAssetOptions, { name: 'm', assets: { b: {} }, run }, (options) => ({ assets: [multiAsset(options)] })],
  [
    'part',
    multiAssetPartOptions,
    {},
    (options) => ({ assets: [a, multiAsset({ name: 'm', assets: { b: options }, run: () => ({ b: 1 }) })] }),
  ],
  ['externalAsset', externalAssetOptions, { key: 'b' }, (options) => ({ assets: [a, externalAsset(options)] })],
  ['observableAsset', observableAssetOptions, { key: 'b', run }, (options) => ({ assets: [observableAsset(options)] })],
  ['assetCheck', assetCheckOptions, { asset: 'a', name: 'c', run }, (options) => ({ assets: [a], checks: [assetCheck(options)] })],
  ['inline check', inlineCheckOptions, {}, (options) => ({ assets: [asset({ key: 'b', checks: { c: options }, run } as never)] })],
  ['job', jobOptions, { name: 'j', selection: '*' }, (options) => ({ assets: [a], jobs: [job(options)] })],
  [
    'schedule',
    scheduleOptions,
    { name: 's', job: all, cronSchedule: '@daily' },
    (options) => ({ assets: [a], jobs: [all], schedules: [schedule(options)] }),
  ],
  ['sensor', sensorOptions, { name: 's', job: all, run }, (options) => ({ assets: [a], jobs: [all], sensors: [sensor(options)] })],
  ['retryPolicy', retryPolicyOptions, {}, (options) => ({ assets: [asset({ key: 'b', retryPolicy: retryPolicy(options), run })] })],
  ['resource', resourceOptions, { open: run }, (options) => ({ assets: [a], resources: { r: resource(options)({}) } })],
  ['definitions', definitionsOptions, { assets: [a] }, (options) => options],
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
        expect(validate(JSON.parse(JSON.stringify({ ...manifest, digests }))), JSON.stringify(validate.errors)).toBe(true)
      } catch (error) {
        if (!(error instanceof DagmaError || error instanceof DefinitionErrors)) throw error
      }
    }),
    { numRuns: 400 },
  )
})
