import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mlflowExecutable, startMlflow } from '../../../../scripts/test-services/mlflow.ts'
import type { TestService } from '../../../../scripts/test-services/service.ts'
import { mlflowConformance } from './conformance.ts'
import { open } from './open.ts'

const executable = mlflowExecutable()

describe.skipIf(!executable)('a real MLflow server', () => {
  let server: TestService
  beforeAll(async () => {
    server = await startMlflow(executable)
  }, 180_000)
  afterAll(() => server?.stop())

  mlflowConformance('server', async () => (settings, context) => open({ useTracking: true, trackingUri: server.url, ...settings }, context))

  it('gives links to the run and its experiment', async () => {
    const client = await open({ useTracking: true, trackingUri: `${server.url}/`, experimentName: 'links' })
    const run = await client.startRun()
    await run.end()
    expect(client.metadata(run)).toMatchObject({
      backend: 'mlflow',
      mlflow_tracking_uri: { type: 'url', value: `${server.url}/` },
      mlflow_run_url: { type: 'url', value: `${server.url}/#/experiments/${run.experimentId}/runs/${run.runId}` },
      mlflow_experiment_url: { type: 'url', value: `${server.url}/#/experiments/${run.experimentId}` },
    })
  })

  it('says that a deleted experiment keeps its name', async () => {
    const { id } = await (await open({ useTracking: true, trackingUri: server.url, experimentName: 'deleted' })).experiment()
    await fetch(`${server.url}/api/2.0/mlflow/experiments/delete`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ experiment_id: id }),
    })
    for (const which of [{ experimentName: 'deleted' }, { experimentId: id }]) {
      await expect((await open({ useTracking: true, trackingUri: server.url, ...which })).startRun()).rejects.toThrow(
        /"deleted" \(id \d+\) was deleted, and MLflow keeps its name/,
      )
    }
  })

  it('says that an experiment is not there', async () => {
    const client = await open({ useTracking: true, trackingUri: server.url, experimentId: '987654' })
    await expect(client.startRun()).rejects.toThrow(/get experiment failed: GET .* answered 404: Not Found \(RESOURCE_DOES_NOT_EXIST\)/)
  })

  it('takes the limits that the client has', async () => {
    const client = await open({ useTracking: true, trackingUri: server.url, experimentName: 'limits' })
    const { run } = await client.withRun({}, async (current) => {
      await current.logParams({ ['k'.repeat(250)]: 'ü'.repeat(6000), emoji: '😀'.repeat(6000) })
      await current.setTags({ ['t'.repeat(250)]: 'ü'.repeat(8000), 'a/b.c-d:e f_g': '' })
      await current.logMetrics({ tiny: 5e-324, huge: 1.7976931348623157e308, negative: -0.1 })
    })
    const data = await client.getRun(run.runId)
    expect(data.params.emoji).toBe('😀'.repeat(6000))
    expect(data.metrics).toMatchObject({ huge: 1.7976931348623157e308, negative: -0.1 })
  })
})

describe.skipIf(!executable)('a real MLflow server with workspaces', () => {
  let server: TestService
  beforeAll(async () => {
    server = await startMlflow(executable, ['--enable-workspaces'])
    const headers = { 'content-type': 'application/json' }
    await fetch(`${server.url}/api/3.0/mlflow/workspaces`, { method: 'POST', headers, body: JSON.stringify({ name: 'team-a' }) })
  }, 180_000)
  afterAll(() => server?.stop())

  it('keeps a run and its artifacts in the workspace, which the link names', async () => {
    const settings = { useTracking: true, trackingUri: server.url, experimentName: 'same name' }
    const [inTeam, outside] = [await open({ ...settings, workspace: 'team-a' }), await open(settings)]
    const { run } = await inTeam.withRun({}, (current) => current.logArtifact('a/b.txt', 'text'))
    expect(new TextDecoder().decode(await inTeam.readArtifact(run.runId, 'a/b.txt'))).toBe('text')
    expect((await outside.experiment()).id).not.toBe(run.experimentId)
    expect(inTeam.metadata(run).mlflow_run_url).toMatchObject({
      value: `${server.url}/#/experiments/${run.experimentId}/runs/${run.runId}?workspace=team-a`,
    })
  })

  it('says that a workspace may not be there', async () => {
    const client = await open({ useTracking: true, trackingUri: server.url, experimentName: 'x', workspace: 'nobodys' })
    await expect(client.startRun()).rejects.toThrow(/answered 404: .* the workspace in MLFLOW_WORKSPACE, exist in MLflow/)
  })
})
