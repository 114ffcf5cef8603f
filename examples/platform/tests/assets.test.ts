/** Each asset's value and metadata on the local backends, read from the run's materialization events. */
import { pointId, qdrant } from '@dagma/qdrant'
import { asset, definitions, type MaterializeRun, materialize, materializeResult } from 'dagma'
import type { MetadataType } from 'dagma/author'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import platform from '../src/definitions.ts'
import { rawNumbers, sumNumbers } from '../src/defs/data/assets.ts'
import { embedTextsStub, langflowRunFlow, qdrantSearch, qdrantUpsert } from '../src/defs/llm/assets.ts'
import { trainModelStub } from '../src/defs/models/assets.ts'
import { LocalProject } from './local-run.ts'

const project = new LocalProject()
let run: MaterializeRun
beforeAll(async () => {
  run = await project.run('*')
})
afterAll(() => project[Symbol.dispose]())

/** Key and type of everything that a materialization carries. */
function types(asset: string): Record<string, MetadataType> {
  const { metadata = {} } = run.materializations.get(asset) ?? {}
  return Object.fromEntries(Object.entries(metadata).map(([key, { type }]) => [key, type]))
}

const observed = { event_type: 'text', status: 'text', retry_count: 'int', latency_ms: 'float', size_bytes: 'int' }

describe('metadata on the local backends: presence and type', () => {
  it.each<[string, Record<string, MetadataType>]>([
    ['raw_numbers', { count: 'int', preview: 'json' }],
    ['sum_numbers', { input_count: 'int', result: 'int' }],
    [
      'train_model_stub',
      {
        params_count: 'int',
        metrics_count: 'int',
        artifact_uploaded: 'bool',
        backend: 'text',
        operation: 'text',
        mlflow_tracking_uri: 'text',
      },
    ],
    [
      'embed_texts_stub',
      { texts_count: 'int', documents_count: 'int', dimensions: 'int', backend: 'text', operation: 'text', model: 'text' },
    ],
    ['qdrant_upsert', { points_count: 'int', collection: 'text', backend: 'text', operation: 'text' }],
    ['qdrant_search', { returned: 'int', collection: 'text', backend: 'text', operation: 'text' }],
    [
      'answer_question',
      {
        returned: 'int',
        generations_count: 'int',
        model_calls: 'int',
        cached_calls: 'int',
        finish_reason: 'text',
        model_latency_ms: 'float',
        model: 'text',
        backend: 'text',
        operation: 'text',
      },
    ],
    ['langflow_run_flow', { outputs_count: 'int', answer_characters: 'int', backend: 'text', operation: 'text', default_flow_id: 'text' }],
  ])('%s', (asset, expected) => {
    // Exactly these keys: so no link, and no text of a passage, question or answer.
    expect(types(asset)).toEqual({ ...expected, ...observed })
  })

  it('covers every asset', () => expect([...run.materializations.keys()].sort()).toEqual([...platform.assets.keys()].sort()))

  it.each(['train_model_stub', 'embed_texts_stub', 'qdrant_upsert', 'qdrant_search', 'langflow_run_flow'])(
    '%s says that the local backend was used',
    (asset) => {
      expect(run.materializations.get(asset)?.metadata.backend).toEqual({ type: 'text', raw_value: 'local' })
    },
  )

  it('has no text of a passage, question or answer in it', async () => {
    const metadata = JSON.stringify([...run.materializations.values()].map((made) => made.metadata))
    for (const { text } of await run.load(embedTextsStub)) expect(metadata).not.toContain(JSON.stringify(text).slice(1, 60))
    expect(metadata).not.toContain('secrets kept out')
    expect(metadata).not.toContain('Say hello')
  })
})

describe('values', () => {
  it('are what the functions return, whatever metadata they carry', async () => {
    expect(await run.load(rawNumbers)).toEqual([1, 2, 3, 4])
    expect(await run.load(sumNumbers)).toBe(10)
    expect(run.materializations.get('sum_numbers')?.metadata.result).toEqual({ type: 'int', raw_value: 10 })
    const value = { a: [1] }
    expect(materializeResult(value, { metadata: { count: 1 } }).value).toBe(value)
  })

  it('of train_model_stub name the run of the MLflow stub', async () => {
    const { run_id, experiment_id, slope, intercept } = await run.load(trainModelStub)
    expect(run_id).toMatch(/^[0-9a-f]{32}$/)
    expect(experiment_id).toEqual(expect.any(String))
    // Trained on points of the line 2x + 1.
    expect(slope).toBeCloseTo(2, 0)
    expect(intercept).toBeCloseTo(1, 0)
  })

  it('of the search are summaries and hits', async () => {
    const passages = await run.load(embedTextsStub)
    expect(await run.load(qdrantUpsert)).toEqual({ collection: 'dagma_docs', points: passages.length })
    const hits = await run.load(qdrantSearch)
    expect(hits).toHaveLength(3)
    expect(passages.map(({ id }) => id)).toContain(hits[0]?.passage)
    expect(await run.load(langflowRunFlow)).toEqual({ outputs_count: 1, answer_characters: 'Say hello.'.length })
  })

  it('of embed_texts_stub are the same every time', async () => {
    const again = await project.run('embed_texts_stub')
    expect(await again.load(embedTextsStub)).toEqual(await run.load(embedTextsStub))
  })
})

it('passages that left the documentation are removed from the collection, points of others stay', async () => {
  const vector = new Array<number>(2048).fill(0.1)
  const others = asset({
    key: 'others',
    resources: { qdrant },
    run: ({ resources: { qdrant } }) =>
      qdrant.upsert([
        { id: 'left', vector, payload: { source: 'dagma-documentation' } },
        { id: 'foreign', vector },
      ]),
  })
  const left = asset({ key: 'left', resources: { qdrant }, run: ({ resources: { qdrant } }) => qdrant.retrieve(['left', 'foreign']) })
  const bystander = definitions({ assets: [others, left], resources: { qdrant: qdrant({ collection: 'dagma_docs' }) } })
  const here = { projectFolder: project.folder }
  await materialize(bystander, { ...here, selection: 'others' })
  await project.run('qdrant_upsert')
  const after = await materialize(bystander, { ...here, selection: 'left' })
  expect((await after.load(left)).map(({ id }) => id)).toEqual([pointId('foreign')])
})
