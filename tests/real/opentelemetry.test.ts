import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { OtlpReceiver } from '../../packages/opentelemetry/src/test/otlp-receiver.ts'
import { dagsterRuns } from '../support/dagster-instance.ts'
import { fakeSystems } from '../support/fake-systems.ts'
import { lacks, needsPython } from '../support/needs.ts'
import { ragTrace } from '../support/rag-trace.ts'
import { platformProject, smallProject } from '../support/test-project.ts'

const flaky = `
import { openTelemetry } from '@dagma/opentelemetry'
import { asset, definitions, job, retryPolicy } from 'dagma'

const flaky = asset({
  key: 'flaky',
  retryPolicy: retryPolicy({ maxRetries: 1 }),
  run: ({ retryNumber }) => { if (retryNumber === 0) throw new Error('not yet'); return 1 },
})
export default definitions({ assets: [flaky], jobs: [job({ name: 'flaky_job', selection: '*' })], instrument: openTelemetry() })
`

describe.skipIf(lacks(needsPython()))('a run in the real Dagster', () => {
  it('is one trace under its run id, to which its materializations lead', async () => {
    using project = platformProject()
    await using systems = await fakeSystems()
    await using receiver = await OtlpReceiver.start()
    const env = {
      ...systems.variables,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      DAGMA_TRACE_URL_TEMPLATE: 'http://localhost:16686/trace/{trace_id}',
    }
    const { code, stderr } = await project.python('dagster', ['job', 'execute', '-m', 'dagma.definitions', '-j', 'run_llm_rag_job'], {
      env,
    })
    expect(code, stderr).toBe(0)
    const [run] = await dagsterRuns(project)
    const traceId = run?.run_id.replaceAll('-', '')
    expect([...new Set(receiver.tree())]).toEqual(ragTrace)
    expect(new Set(receiver.spans.map((span) => span.traceId))).toEqual(new Set([traceId]))
    expect(receiver.span('run run_llm_rag_job').attributes).toMatchObject({ 'dagma.run_id': run?.run_id, 'dagma.status': 'success' })
    const made = run?.events.flatMap((event) => (event.type === 'ASSET_MATERIALIZATION' ? [event.metadata['trace_url']] : []))
    const link = { type: 'url', raw_value: `http://localhost:16686/trace/${traceId}` }
    expect(made).toEqual([link, link, link])
    // The evaluation is one of Dagster's checks, with its figures, and was accepted as the first one.
    const evaluated = run?.events.filter(({ type }) => type === 'ASSET_CHECK_EVALUATION')
    expect(evaluated).toMatchObject([
      { asset: 'qdrant_upsert', metadata: { hit_rate: { type: 'float' }, examples_count: { raw_value: 40 } } },
    ])
    const accepted = JSON.parse(readFileSync(join(project.folder, '.dagma/values/qdrant_upsert/%40retrieval_quality.json'), 'utf8'))
    expect(accepted).toMatchObject({ version: 1, runId: run?.run_id })
    expect(accepted.examples).toHaveLength(40)
  })

  it('has each attempt in its trace', async () => {
    using project = smallProject(flaky)
    await using receiver = await OtlpReceiver.start()
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }
    const { code, stderr } = await project.python('dagster', ['job', 'execute', '-m', 'dagma.definitions', '-j', 'flaky_job'], { env })
    expect(code, stderr).toBe(0)
    expect(receiver.tree()).toEqual(['run flaky_job', '  step flaky', '  step flaky'])
    const attempts = receiver.spans.filter(({ name }) => name === 'step flaky').map(({ attributes }) => attributes)
    expect(attempts.map((one) => [one['dagma.retry_count'], one['dagma.status']])).toEqual([
      [0, 'failure'],
      [1, 'success'],
    ])
    expect(receiver.span('run flaky_job').attributes['dagma.status']).toBe('success')
  })
})
