/** An evaluation with the resource `mlflow` is a run of MLflow, with the scores of its examples as a table that MLflow's UI shows. */
import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { asset, definitions, materialize } from 'dagma'
import { evaluation, exactMatch } from 'dagma/evaluation'
import { afterAll, expect, it } from 'vitest'
import { mlflow } from './index.ts'
import { open } from './test/open.ts'

const projectFolder = mkdtempSync(join(tmpdir(), 'dagma-mlflow-evaluation-'))
afterAll(() => rmSync(projectFolder, { recursive: true }))

const canary = 'QUESTION-OF-A-CUSTOMER'
let wrong = 0
const words = asset({ key: 'shop/words', run: () => 1 })
const quality = evaluation({
  asset: words,
  name: 'quality',
  resources: { mlflow },
  dataset: Array.from({ length: 6 }, (_, index) => ({ id: `e${index}`, question: canary, expected: canary })),
  run: ({ example }) => (Number(example.id.slice(1)) < wrong ? `${canary} wrong` : canary),
  scorers: { exact: exactMatch() },
})
const project = definitions({ assets: [words], checks: [quality], resources: { mlflow: mlflow({ useTracking: false }) } })

const runIds = () => globSync('.dagma/mlflow-stub/*/*/run.json', { cwd: projectFolder }).map((file) => basename(dirname(file)))

it('logs means, parameters and a table of scores by id, and no text', async () => {
  await materialize(project, { projectFolder })
  const first = runIds()
  wrong = 1
  const { events } = await materialize(project, { projectFolder })
  const event = events.find(({ type }) => type === 'ASSET_CHECK_EVALUATION')
  expect(event).toMatchObject({ passed: true, metadata: { backend: { raw_value: 'local' }, mlflow_tracking_uri: { type: 'text' } } })
  const [runId = ''] = runIds().filter((id) => !first.includes(id))
  const client = await open({ useTracking: false }, { projectFolder })
  const data = await client.getRun(runId)
  expect(data).toMatchObject({
    name: 'shop/words:quality',
    status: 'FINISHED',
    params: { max_drop: '0.01', confidence: '0.95', examples_count: '6', passed: 'true' },
    metrics: { exact: 5 / 6 },
    tags: {
      'dagster.asset_key': 'shop/words',
      'mlflow.loggedArtifacts': '[{"path":"evaluation_results.json","type":"table"}]',
    },
  })
  const table = new TextDecoder().decode(await client.readArtifact(runId, 'evaluation_results.json'))
  expect(JSON.parse(table)).toEqual({
    columns: ['id', 'exact', 'accepted_exact'],
    data: [['e0', 0, 1], ...[1, 2, 3, 4, 5].map((index) => [`e${index}`, 1, 1])],
  })
  expect(JSON.stringify([data, table, events])).not.toContain(canary)
})
