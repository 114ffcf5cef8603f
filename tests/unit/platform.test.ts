/** The names that the example project promises: groups, jobs, the schedule with its variables, and with every system the links of each asset. */
import { type MaterializeRun, materialize } from 'dagma'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import platform from '../../examples/platform/src/definitions.ts'
import { LocalProject } from '../../examples/platform/tests/local-run.ts'
import { type FakeSystems, fakeSystems } from '../support/fake-systems.ts'

it('each asset is in its group', () => {
  const groups: Record<string, string[]> = {}
  for (const [key, { group = '' }] of platform.assets) groups[group] = [...(groups[group] ?? []), key]
  expect(groups).toEqual({
    data: ['raw_numbers', 'sum_numbers'],
    models: ['train_model_stub'],
    llm: ['embed_texts_stub', 'qdrant_upsert', 'qdrant_search', 'answer_question', 'langflow_run_flow'],
  })
})

it('each job runs its assets, one after the other', async () => {
  using project = new LocalProject()
  const steps = async (job: string) => {
    const ran: string[] = []
    const onEvent = (event: { type: string; step?: string | null }) => void (event.type === 'STEP_SUCCESS' && ran.push(event.step ?? ''))
    const { status } = await materialize(platform, { job, projectFolder: project.folder, onEvent })
    return [status, ...ran]
  }
  expect([...platform.jobs.keys()]).toEqual(['run_llm_rag_job', 'run_models_train_job', 'run_langflow_job'])
  expect(await steps('run_llm_rag_job')).toEqual([
    'SUCCESS',
    'embed_texts_stub',
    'qdrant_upsert',
    'qdrant_upsert_retrieval_quality',
    'qdrant_search',
  ])
  expect(await steps('run_models_train_job')).toEqual(['SUCCESS', 'train_model_stub'])
  expect(await steps('run_langflow_job')).toEqual(['SUCCESS', 'langflow_run_flow'])
})

describe('the schedule run_langflow_daily', () => {
  afterEach(() => vi.unstubAllEnvs())

  it.each([
    ['at two every day, UTC', {}, '0 2 * * *', 'UTC'],
    ['in the time zone that is set', { DAGMA_SCHEDULE_TIMEZONE: 'Asia/Shanghai' }, '0 2 * * *', 'Asia/Shanghai'],
    ['at the time that is set', { DAGMA_LANGFLOW_CRON: '30 4 * * 1-5' }, '30 4 * * 1-5', 'UTC'],
    ['empty variables are as if not set', { DAGMA_LANGFLOW_CRON: '', DAGMA_SCHEDULE_TIMEZONE: '' }, '0 2 * * *', 'UTC'],
  ])('%s', async (_, variables, cronSchedule, executionTimezone) => {
    for (const name of ['DAGMA_LANGFLOW_CRON', 'DAGMA_SCHEDULE_TIMEZONE']) vi.stubEnv(name, undefined)
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
    vi.resetModules() // the variables are read when definitions load
    const { runLangflowDaily } = await import('../../examples/platform/src/jobs.ts')
    expect(runLangflowDaily).toMatchObject({ name: 'run_langflow_daily', job: 'run_langflow_job', cronSchedule, executionTimezone })
  })
})

describe('with every system, each asset leads there', () => {
  let systems: FakeSystems
  let project: LocalProject
  beforeAll(async () => {
    project = new LocalProject()
    systems = await fakeSystems()
    for (const [name, value] of Object.entries(systems.variables)) vi.stubEnv(name, value)
  })
  afterAll(async () => {
    project[Symbol.dispose]()
    await systems[Symbol.asyncDispose]()
  })

  const of = (run: MaterializeRun, asset: string) => run.materializations.get(asset)?.metadata ?? {}
  const url = (raw_value: string) => ({ type: 'url', raw_value })
  const text = (raw_value: string) => ({ type: 'text', raw_value })

  it('by the addresses of the settings', async () => {
    const run = await project.run('*')
    const { MLFLOW_TRACKING_URI: root = '', LANGFLOW_DEFAULT_FLOW_ID: flow = '' } = systems.variables
    expect(of(run, 'train_model_stub')).toMatchObject({
      backend: text('mlflow'),
      params_count: { type: 'int', raw_value: 2 },
      metrics_count: { type: 'int', raw_value: 3 },
      artifact_uploaded: { type: 'bool', raw_value: true },
      mlflow_tracking_uri: url(root),
      mlflow_run_url: url(`${root}/#/experiments/0/runs/abc`),
      mlflow_experiment_url: url(`${root}/#/experiments/0`),
    })
    const collection = 'dagma_docs_fake_model'
    expect(of(run, 'qdrant_upsert')).toMatchObject({
      backend: text('qdrant'),
      points_count: { type: 'int' },
      collection: text(collection),
      qdrant_collection_url: url(`${root}/collections/${collection}`),
    })
    expect(of(run, 'qdrant_search')).toMatchObject({
      backend: text('qdrant'),
      returned: { type: 'int', raw_value: 1 },
      collection: text(collection),
      qdrant_search_endpoint: url(`${root}/collections/${collection}/points/query`),
    })
    expect(of(run, 'langflow_run_flow')).toMatchObject({
      backend: text('langflow'),
      default_flow_id: text(flow),
      langflow_ui_url: url(root),
      langflow_flow_url: url(`${root}/flow/${flow}`),
    })
    // A summary only: the flow's answer and the passages found stay out.
    expect(JSON.stringify([...run.materializations.values()].map(({ metadata }) => metadata))).not.toContain('Hello.')
  })

  it('by the address of the UI and the experiment of MLflow that are set', async () => {
    vi.stubEnv('MLFLOW_UI_BASE_URL', 'https://mlflow.example/ui/')
    vi.stubEnv('MLFLOW_EXPERIMENT_ID', '7')
    const run = await project.run('train_model_stub')
    expect(of(run, 'train_model_stub')).toMatchObject({ mlflow_run_url: url('https://mlflow.example/ui/#/experiments/7/runs/abc') })
  })

  it('by host, port and https of Qdrant in place of its URL', async () => {
    const { hostname, port } = new URL(systems.variables.QDRANT_URL ?? '')
    for (const [name, value] of Object.entries({
      QDRANT_URL: '',
      QDRANT_HOST: hostname,
      QDRANT_PORT: port,
      QDRANT_USE_HTTPS: 'false',
      QDRANT_COLLECTION: 'mine',
    }))
      vi.stubEnv(name, value)
    const run = await project.run('embed_texts_stub,qdrant_upsert')
    expect(of(run, 'qdrant_upsert')).toMatchObject({ qdrant_collection_url: url(`http://${hostname}:${port}/collections/mine`) })
  })
})
