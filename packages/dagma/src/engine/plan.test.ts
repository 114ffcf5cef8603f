import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { asset } from '../definitions/assets/asset.ts'
import type { RunConfig } from '../definitions/automation/job.ts'
import { definitions } from '../definitions/definitions.ts'
import { thrownBy } from '../test/temporary.ts'
import { type PlannedStep, planRun } from './plan.ts'

const raw = asset({ key: 'raw', config: z.object({ limit: z.number().default(3) }), run: () => [1] })
const clean = asset({ key: 'clean', inputs: { raw }, run: ({ inputs }) => inputs.raw })
const report = asset({ key: 'mart/report', inputs: { clean }, deps: [raw, 'other'], run: () => 1 })
const other = asset({ key: 'other', run: () => 1 })
// Declared downstream first: the plan is in the order of the graph nevertheless.
const all = definitions({ assets: [report, clean, other, raw] })

const text = (steps: readonly PlannedStep[]) =>
  steps.map(({ step, after, config }) => `${step.name} ← ${after.join(', ')} ${JSON.stringify(config) ?? ''}`.trim())
const planned = (assetKeys: readonly string[], config: RunConfig = {}) =>
  planRun(all, { assetKeys, config, kind: 'materialize', partitionKey: undefined }, { now: new Date() })
const plan = async (keys: readonly string[], config?: RunConfig) => text(await planned(keys, config))

describe('planRun', () => {
  test('everything', async () => {
    expect(await plan([...all.assets.keys()])).toMatchInlineSnapshot(`
      [
        "raw ←",
        "clean ← raw",
        "other ←",
        "mart__report ← clean, raw, other",
      ]
    `)
  })

  test('a part waits only for what is selected too, as in Dagster', async () => {
    expect(await plan(['mart/report', 'raw'], { raw: { limit: 5 } })).toMatchInlineSnapshot(`
      [
        "raw ←  {"limit":5}",
        "mart__report ← raw",
      ]
    `)
    expect(await plan(['mart/report'])).toEqual(['mart__report ←'])
    expect(await thrownBy(() => plan([]))).toMatchObject({ code: 'DAGMA_SELECTION_EMPTY' })
  })

  test('config is checked before anything runs, and stays as it was entered', async () => {
    expect((await planned(['raw'], { raw: {} }))[0]?.config).toEqual({})
    const wrong: [keys: string[], config: RunConfig][] = [
      [['raw'], { raw: { limit: 'x' } }],
      [['raw'], { nothing: {} }],
      [['raw'], { other: {} }],
      [['other'], { other: { a: 1 } }],
    ]
    const messages: string[] = []
    for (const [keys, config] of wrong) messages.push((await thrownBy(() => plan(keys, config))).message)
    expect(messages).toMatchInlineSnapshot(`
      [
        "The config of "raw" is invalid: limit: Invalid input: expected number, received string. Fix these config fields. [DAGMA_CONFIG_INVALID]",
        "Config was passed for "nothing", which is not selected. Pass config only for selected assets that declare it. [DAGMA_CONFIG_UNKNOWN]",
        "Config was passed for "other", which is not selected. Pass config only for selected assets that declare it. [DAGMA_CONFIG_UNKNOWN]",
        "Config was passed for "other", which has no config. Pass config only for selected assets that declare it. [DAGMA_CONFIG_UNKNOWN]",
      ]
    `)
  })
})
