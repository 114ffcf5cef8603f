/** `dagma doctor` in the example project, as a user runs it, against real MLflow and LangFlow servers. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { langflowExecutable, startLangflow, type TestLangflow } from '../../scripts/test-services/langflow.ts'
import { mlflowExecutable, startMlflow } from '../../scripts/test-services/mlflow.ts'
import type { TestService } from '../../scripts/test-services/service.ts'
import { run } from '../support/processes.ts'
import { repository } from '../support/repository.ts'

const executables = { mlflow: mlflowExecutable(), langflow: langflowExecutable() }

interface Report {
  readonly status: string
  readonly findings: readonly {
    readonly checked: string
    readonly check: string
    readonly status: string
    readonly message: string
    readonly fix?: string
  }[]
}

describe.skipIf(!executables.mlflow || !executables.langflow)('dagma doctor, with real servers', () => {
  let mlflow: TestService
  let langflow: TestLangflow
  beforeAll(async () => {
    ;[mlflow, langflow] = await Promise.all([startMlflow(executables.mlflow), startLangflow(executables.langflow)])
  }, 240_000)
  afterAll(() => Promise.all([mlflow?.stop(), langflow?.stop()]))

  /** The variables of a project that is set well. */
  const variables = () => ({
    MLFLOW_USE_TRACKING: 'true',
    MLFLOW_TRACKING_URI: mlflow.url,
    MLFLOW_UI_BASE_URL: mlflow.url,
    LANGFLOW_BASE_URL: langflow.url,
    LANGFLOW_API_KEY: langflow.apiKey,
    LANGFLOW_DEFAULT_FLOW_ID: langflow.flowId,
  })

  async function doctor(more: { readonly [name: string]: string | undefined } = {}): Promise<{ code: number | null; report: Report }> {
    const env = { ...variables(), ...more }
    const cwd = join(repository, 'examples/platform')
    const { code, stdout, stderr } = await run('dagma', ['doctor', '--json'], { cwd, env })
    expect(stdout + stderr).not.toContain(langflow.apiKey)
    return { code, report: JSON.parse(stdout) }
  }
  const the = ({ findings }: Report, of: string, check: string) =>
    findings.find((finding) => finding.checked === of && finding.check === check)

  it('finds all good, and opens every link', async () => {
    // A run, so that there is a page of a run.
    await fetch(`${mlflow.url}/api/2.0/mlflow/runs/create`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ experiment_id: '0', start_time: Date.now() }),
    })
    const { code, report } = await doctor()
    expect({ code, bad: report.findings.filter(({ status }) => status === 'error' || status === 'warning') }).toEqual({ code: 0, bad: [] })
    expect(the(report, 'mlflow', 'reachable')?.message).toMatch(/^MLflow \d+\.\d+/)
    expect(the(report, 'mlflow', 'mlflow_run_url')?.message).toMatch(new RegExp(`^${mlflow.url}/#/experiments/0/runs/[0-9a-f]{32} opens$`))
    expect(the(report, 'langflow', 'reachable')?.message).toMatch(/^LangFlow \d+\.\d+/)
    expect(the(report, 'langflow', 'authentication')?.message).toBe('The key in LANGFLOW_API_KEY is accepted.')
    expect(the(report, 'langflow', 'langflow_flow_url')?.message).toBe(`${langflow.url}/flow/${langflow.flowId} opens`)
    expect(the(report, 'qdrant', 'backend')).toMatchObject({ status: 'local', fix: expect.stringContaining('QDRANT_URL') })
  })

  it.each<[string, () => { readonly [name: string]: string }, string, string, RegExp]>([
    ['tracking is off', () => ({ MLFLOW_USE_TRACKING: 'false' }), 'mlflow', 'MLFLOW_USE_TRACKING', /MLFLOW_USE_TRACKING=true/],
    ['tracking is neither on nor off', () => ({ MLFLOW_USE_TRACKING: 'yes' }), 'mlflow', 'settings', /./],
    [
      'the UI base is not a URL',
      () => ({ MLFLOW_UI_BASE_URL: 'localhost:5000' }),
      'mlflow',
      'MLFLOW_UI_BASE_URL',
      /http:\/\/localhost:5000/,
    ],
    ['the experiment is not there', () => ({ MLFLOW_EXPERIMENT_ID: '987654' }), 'mlflow', 'MLFLOW_EXPERIMENT_ID', /it exists/],
    ['the port of MLflow is wrong', () => ({ MLFLOW_TRACKING_URI: 'http://127.0.0.1:9' }), 'mlflow', 'reachable', /host and port/],
    ['LangFlow is taken for MLflow', () => ({ MLFLOW_TRACKING_URI: langflow.url }), 'mlflow', 'reachable', /MLFLOW_TRACKING_URI/],
    ['the key is wrong', () => ({ LANGFLOW_API_KEY: 'sk-of-nobody-at-all' }), 'langflow', 'authentication', /LANGFLOW_API_KEY/],
    ['the key is missing', () => ({ LANGFLOW_API_KEY: '' }), 'langflow', 'authentication', /LANGFLOW_API_KEY/],
    ['the flow is not there', () => ({ LANGFLOW_DEFAULT_FLOW_ID: crypto.randomUUID() }), 'langflow', 'LANGFLOW_DEFAULT_FLOW_ID', /the id/],
    ['the flow has no such name', () => ({ LANGFLOW_DEFAULT_FLOW_ID: 'no-such' }), 'langflow', 'LANGFLOW_DEFAULT_FLOW_ID', /endpoint name/],
    ['the base is that of a page', () => ({ LANGFLOW_BASE_URL: `${langflow.url}/flows` }), 'langflow', 'reachable', /LANGFLOW_BASE_URL/],
    ['nobody is at Qdrant’s port', () => ({ QDRANT_URL: 'http://127.0.0.1:9' }), 'qdrant', 'reachable', /QDRANT_URL/],
    ['MLflow is taken for Qdrant', () => ({ QDRANT_URL: mlflow.url }), 'qdrant', 'reachable', /QDRANT_URL/],
  ])('%s', async (...[, wrong, of, check, fix]) => {
    const { code, report } = await doctor(wrong())
    const finding = the(report, of, check)
    expect(finding?.fix).toMatch(fix)
    expect(finding?.status).toBe(check === 'MLFLOW_USE_TRACKING' ? 'warning' : 'error')
    expect(code).toBe(finding?.status === 'error' ? 1 : 0)
  })
})
