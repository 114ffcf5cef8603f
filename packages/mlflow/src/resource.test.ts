import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { mlflowFromEnv } from './index.ts'
import { mlflowConformance } from './test/conformance.ts'
import { open } from './test/open.ts'

const projectFolder = mkdtempSync(join(tmpdir(), 'dagma-mlflow-stub-'))
afterAll(() => rmSync(projectFolder, { recursive: true }))

mlflowConformance('stub', async () => (settings, context) => open({ useTracking: false, ...settings }, { projectFolder, ...context }))

describe('the stub', () => {
  it('gives no link, whatever is set, and says that it is local', async () => {
    const client = await open({ useTracking: false, trackingUri: 'http://a', uiBaseUrl: 'http://b' }, { projectFolder })
    const run = await client.startRun()
    expect(client.backend).toBe('local')
    expect(client.metadata(run)).toEqual({
      backend: 'local',
      operation: 'track run',
      mlflow_tracking_uri: expect.objectContaining({ type: 'text', value: 'file:.dagma/mlflow-stub' }),
    })
  })

  it('keeps its runs as files in the project', async () => {
    const client = await open({ useTracking: false, experimentName: 'files' }, { projectFolder })
    const { run } = await client.withRun({ name: 'n' }, (current) => current.logArtifact('a/b.txt', 'text'))
    const folder = join(projectFolder, '.dagma', 'mlflow-stub', run.experimentId, run.runId)
    expect(JSON.parse(await readFile(join(folder, 'run.json'), 'utf8'))).toMatchObject({
      name: 'n',
      status: 'FINISHED',
      endTime: expect.any(Number),
    })
    expect(await readFile(join(folder, 'artifacts', 'a', 'b.txt'), 'utf8')).toBe('text')
    expect(readdirSync(folder).sort()).toEqual(['artifacts', 'log.jsonl', 'run.json'])
  })

  it('opens no socket', async () => {
    const connect = vi.spyOn(net.Socket.prototype, 'connect')
    const fetched = vi.spyOn(globalThis, 'fetch')
    const client = await open({ useTracking: false, trackingUri: 'http://127.0.0.1:9' }, { projectFolder })
    await client.withRun({}, (current) => current.logParams({ a: 1 }))
    expect(connect).not.toHaveBeenCalled()
    expect(fetched).not.toHaveBeenCalled()
    vi.restoreAllMocks()
  })

  it('refuses an experiment id that would leave its folder', async () => {
    await expect((await open({ useTracking: false, experimentId: '../..' }, { projectFolder })).startRun()).rejects.toThrow(
      /MLFLOW_EXPERIMENT_ID/,
    )
  })
})

describe('the resource', () => {
  it.each([
    ['none', undefined],
    ['no http address', 'sqlite:///mlflow.db'],
    ['one with a password', 'http://me:a-password@host'],
  ])('refuses to track with %s', async (_, trackingUri) => {
    const opened = open({ useTracking: true, ...(trackingUri && { trackingUri }) })
    await expect(opened).rejects.toThrow(/MLFLOW_TRACKING_URI/)
    await expect(opened).rejects.not.toThrow(/a-password/)
  })

  it('warns of a UI base that cannot be used, without repeating it', async () => {
    const warnings: string[] = []
    const client = await open({ useTracking: true, trackingUri: 'http://api', uiBaseUrl: 'http://me:a-password@ui' }, { warnings })
    expect(warnings).toEqual([expect.stringMatching(/^MLFLOW_UI_BASE_URL is not an http or https URL/)])
    expect(warnings[0]).not.toContain('a-password')
    expect(client.metadata({ runId: 'r', experimentId: '1' }).mlflow_run_url).toMatchObject({
      type: 'url',
      value: 'http://api/#/experiments/1/runs/r',
    })
  })

  it('reads the environment', () => {
    const names = [
      'MLFLOW_USE_TRACKING',
      'MLFLOW_TRACKING_URI',
      'MLFLOW_UI_BASE_URL',
      'MLFLOW_EXPERIMENT_ID',
      'MLFLOW_EXPERIMENT_NAME',
      'MLFLOW_WORKSPACE',
    ]
    for (const name of [...names, 'MLFLOW_TRACKING_USERNAME', 'MLFLOW_TRACKING_PASSWORD', 'MLFLOW_TRACKING_TOKEN']) vi.stubEnv(name, '')
    expect(mlflowFromEnv()).toEqual({ useTracking: false })
    vi.stubEnv('MLFLOW_USE_TRACKING', 'True')
    vi.stubEnv('MLFLOW_TRACKING_URI', 'http://api')
    vi.stubEnv('MLFLOW_EXPERIMENT_ID', '4')
    vi.stubEnv('MLFLOW_TRACKING_USERNAME', 'admin')
    vi.stubEnv('MLFLOW_TRACKING_PASSWORD', 'password1234')
    const settings = mlflowFromEnv()
    expect(settings).toMatchObject({
      useTracking: true,
      trackingUri: 'http://api',
      experimentId: '4',
      username: 'admin',
      password: { variable: 'MLFLOW_TRACKING_PASSWORD' },
    })
    expect(JSON.stringify(settings)).not.toContain('password1234')
    vi.stubEnv('MLFLOW_USE_TRACKING', 'yes')
    expect(mlflowFromEnv).toThrow('MLFLOW_USE_TRACKING must be true or false.')
    vi.unstubAllEnvs()
  })
})

it('lets redaction know its secrets as soon as it is loaded', () => {
  const declared = (globalThis as { [known: symbol]: ReadonlyMap<string, unknown> | undefined })[Symbol.for('dagma.secrets')]
  expect([...(declared?.keys() ?? [])]).toEqual(expect.arrayContaining(['MLFLOW_TRACKING_PASSWORD', 'MLFLOW_TRACKING_TOKEN']))
})
