import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { asset } from '../../definitions/assets/asset.ts'
import { stepName } from '../../definitions/assets/asset-key.ts'
import type { IOManager } from '../../definitions/assets/io-manager.ts'
import { job } from '../../definitions/automation/job.ts'
import { schedule } from '../../definitions/automation/schedule.ts'
import { definitions } from '../../definitions/definitions.ts'
import { MetadataValue } from '../../metadata/metadata-value.ts'
import { secret } from '../../metadata/redaction/secret.ts'
import { jsonFileIOManager } from '../../runtime/values/json-file-io-manager.ts'
import { setEnvironment } from '../../test/temporary.ts'
import { buildManifest } from './manifest.ts'

const protocol = new URL('../../../../../protocol/', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, protocol), 'utf8')
const validate = new Ajv2020({ allowUnionTypes: true }).compile(JSON.parse(read('manifest.schema.json')))
const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
const here = new URL('.', import.meta.url).pathname
/** Those that `dagma build` adds; see sources.test.ts. */
const { digests } = JSON.parse(read('golden/manifest.json')) as { digests: object }

function valid(manifest: unknown): void {
  validate({ digests, ...Object(manifest) })
  expect(validate.errors).toBeNull()
}

function declare() {
  const raw = asset({ key: 'raw_numbers', group: 'data', description: 'Numbers to start from.', run: () => [1] })
  const sum = asset({
    key: 'warehouse/sum-numbers',
    inputs: { raw },
    deps: [raw],
    kinds: ['duckdb'],
    metadata: { 'dagster/uri': MetadataValue.url('https://example.com/sum'), rows: 5, at: new Date(0) },
    config: z.object({ factor: z.number().default(1).describe('Multiplies.'), mode: z.enum(['a', 'b']) }),
    run: () => 1,
  })
  const numbers = job({ name: 'numbers_job', selection: '*' })
  return definitions({
    assets: [sum, raw],
    jobs: [numbers],
    schedules: [schedule({ name: 'numbers_daily', job: numbers, cronSchedule: '0 2 * * *', defaultStatus: 'RUNNING' })],
  })
}

describe('the manifest', () => {
  test('holds what was declared, and fits the schema', () => {
    const manifest = buildManifest(declare(), here)
    valid(manifest)
    expect(manifest.dagma_version).toBe(version)
    expect({
      ...manifest,
      dagma_version: 'this one',
      steps: manifest.steps.map((step) => ({
        ...step,
        assets: step.assets.map((one) => ({ ...one, source: one.source && { ...one.source, line: 0 } })),
      })),
    }).toMatchInlineSnapshot(`
      {
        "budgets": [],
        "dagma_version": "this one",
        "executor": null,
        "external_assets": [],
        "has_instrument": false,
        "in_process_values": [],
        "jobs": [
          {
            "asset_keys": [
              [
                "raw_numbers",
              ],
              [
                "warehouse",
                "sum-numbers",
              ],
            ],
            "config": {},
            "description": null,
            "executor": null,
            "hooks": [],
            "name": "numbers_job",
            "op_tags": {},
            "tags": {},
          },
        ],
        "manifest_version": 1,
        "project_folder_values": [
          {
            "step": "warehouse__sum_numbers",
            "upstream": "raw_numbers",
          },
        ],
        "schedules": [
          {
            "cron_schedule": "0 2 * * *",
            "default_status": "RUNNING",
            "description": null,
            "execution_timezone": "UTC",
            "has_evaluation": false,
            "job_name": "numbers_job",
            "name": "numbers_daily",
          },
        ],
        "sensors": [],
        "steps": [
          {
            "assets": [
              {
                "automation": null,
                "code_version": null,
                "deps": [],
                "description": "Numbers to start from.",
                "group": "data",
                "key": [
                  "raw_numbers",
                ],
                "kinds": [
                  "typescript",
                ],
                "metadata": {},
                "owners": [],
                "partitions": null,
                "source": {
                  "file": "manifest.test.ts",
                  "line": 0,
                },
                "tags": {},
              },
            ],
            "backfill_policy": null,
            "can_subset": false,
            "checks": [],
            "config_schema": null,
            "dynamic_partitions": [],
            "kind": "materialize",
            "name": "raw_numbers",
            "op_tags": {},
            "pool": null,
            "retry_policy": null,
            "timeout_seconds": null,
          },
          {
            "assets": [
              {
                "automation": null,
                "code_version": null,
                "deps": [
                  {
                    "key": [
                      "raw_numbers",
                    ],
                    "mapping": null,
                  },
                ],
                "description": null,
                "group": "default",
                "key": [
                  "warehouse",
                  "sum-numbers",
                ],
                "kinds": [
                  "typescript",
                  "duckdb",
                ],
                "metadata": {
                  "at": {
                    "raw_value": 0,
                    "type": "timestamp",
                  },
                  "dagster/uri": {
                    "raw_value": "https://example.com/sum",
                    "type": "url",
                  },
                  "rows": {
                    "raw_value": 5,
                    "type": "int",
                  },
                },
                "owners": [],
                "partitions": null,
                "source": {
                  "file": "manifest.test.ts",
                  "line": 0,
                },
                "tags": {},
              },
            ],
            "backfill_policy": null,
            "can_subset": false,
            "checks": [],
            "config_schema": {
              "$schema": "https://json-schema.org/draft/2020-12/schema",
              "properties": {
                "factor": {
                  "default": 1,
                  "description": "Multiplies.",
                  "type": "number",
                },
                "mode": {
                  "enum": [
                    "a",
                    "b",
                  ],
                  "type": "string",
                },
              },
              "required": [
                "mode",
              ],
              "type": "object",
            },
            "dynamic_partitions": [],
            "kind": "materialize",
            "name": "warehouse__sum_numbers",
            "op_tags": {},
            "pool": null,
            "retry_policy": null,
            "timeout_seconds": null,
          },
        ],
      }
    `)
  })

  test('is the same text each time: its digest reports whether definitions changed', () => {
    const text = () => JSON.stringify(buildManifest(declare(), here))
    expect(text()).toBe(text())
  })

  test('names the steps that load values which only one process has', () => {
    const held: IOManager = { handleOutput: async () => ({}), loadInput: async () => undefined, inProcess: true }
    const raw = asset({ key: 'raw', ioManager: 'memory', run: () => 1 })
    const stored = asset({ key: 'stored', run: () => 1 })
    const sum = asset({ key: 'a/sum', inputs: { raw, again: raw, stored }, run: () => 1 })
    const manifest = buildManifest(definitions({ assets: [raw, stored, sum], ioManagers: { memory: held } }), here)
    valid(manifest)
    expect(manifest.in_process_values).toEqual([{ step: 'a__sum', upstream: 'raw' }])
  })

  test('names the steps that load values from the project folder, which is where nobody says otherwise', () => {
    const raw = asset({ key: 'raw', run: () => 1 })
    const sum = asset({ key: 'a/sum', inputs: { raw }, run: () => 1 })
    const found = (ioManagers: { [key: string]: IOManager }) => buildManifest(definitions({ assets: [raw, sum], ioManagers }), here)
    valid(found({}))
    expect(found({}).project_folder_values).toEqual([{ step: 'a__sum', upstream: 'raw' }])
    expect(found({ default: jsonFileIOManager('/shared') }).project_folder_values).toEqual([])
  })

  test('of nothing is one too', () => {
    valid(buildManifest(definitions({ assets: [] }), here))
  })

  test('says of config without a JSON Schema only that it is an object', () => {
    const config = { '~standard': { version: 1 as const, vendor: 'other', validate: (value: unknown) => ({ value }) } }
    const manifest = buildManifest(definitions({ assets: [asset({ key: 'a', config, run: () => 1 })] }), here)
    valid(manifest)
    expect(manifest.steps[0]?.config_schema).toEqual({ type: 'object' })
  })

  test('holds no secret', () => {
    setEnvironment({ DAGMA_TEST_MANIFEST: 'manifest-secret-value' })
    secret('DAGMA_TEST_MANIFEST')
    const telling = asset({
      key: 'a',
      description: 'Uses manifest-secret-value.',
      metadata: { a: { b: ['manifest-secret-value'] } },
      config: z.object({ key: z.string().default('manifest-secret-value') }),
      run: () => 1,
    })
    const manifest = buildManifest(definitions({ assets: [telling] }), here)
    valid(manifest)
    expect(JSON.stringify(manifest)).not.toContain('manifest-secret-value')
  })
})

test('the golden manifest fits the schema, and wrong ones do not', () => {
  const golden = read('golden/manifest.json')
  valid(JSON.parse(golden))
  for (const [good, spoiled] of [
    ['"manifest_version":1', '"manifest_version":2'],
    ['"manifest_version":1', '"manifest_version":1,"extra":1'],
    ['"schedules":', '"timetables":'],
    ['"key":["raw_numbers"]', '"key":[]'],
    ['"type":"url"', '"type":"link"'],
    ['"name":"raw_numbers"', '"name":"raw numbers"'],
  ] as const) {
    expect(golden).toContain(good)
    expect(validate(JSON.parse(golden.replace(good, spoiled)))).toBe(false)
  }
})

test.each([
  [['raw'], 'raw'],
  [['a', 'b-c.d'], 'a__b_c_d'],
])('the step of %s is %s', (key, name) => {
  expect(stepName(key)).toBe(name)
})
