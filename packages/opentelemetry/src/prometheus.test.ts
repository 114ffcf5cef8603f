import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { asset } from 'dagma'
import { startModelCall } from 'dagma/author'
import { expect, it } from 'vitest'
import { openTelemetry } from './index.ts'
import { onlyEnvironment, runShop, warningsOf } from './test/small-project.ts'

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

it('the Prometheus endpoint serves the metrics of all runs of the process, under bounded labels', async () => {
  const port = await freePort()
  onlyEnvironment({ OTEL_METRICS_EXPORTER: 'prometheus', OTEL_EXPORTER_PROMETHEUS_PORT: String(port) })
  const instrument = openTelemetry()
  const good = asset({
    key: 'good',
    group: 'shop',
    owners: ['team:shop'],
    run: () => {
      startModelCall('m', { input: 1e6, output: 2e6 })({ inputTokens: 3, outputTokens: 1, isCounted: true })
      return 'four'
    },
  })
  const bad = asset({
    key: 'bad',
    run: () => {
      throw new Error('no')
    },
  })
  await runShop(instrument, [good])
  await runShop(instrument, [good, bad])
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`)
  const lines = (await answer.text()).split('\n')
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain/)
  expect(lines).toEqual(
    expect.arrayContaining([
      'dagma_runs_total{job_name="shop_job",status="success"} 1',
      'dagma_runs_total{job_name="shop_job",status="failure"} 1',
      'dagma_step_duration_seconds_count{job_name="shop_job",asset_group="shop",step_kind="materialize",status="success"} 2',
      'dagma_step_duration_seconds_count{job_name="shop_job",asset_group="default",step_kind="materialize",status="failure"} 1',
      'dagma_output_bytes_sum{job_name="shop_job",asset_group="shop"} 12',
      'dagma_model_tokens_total{job_name="shop_job",asset_group="shop",owner="team:shop",model="m",direction="input"} 6',
      'dagma_model_tokens_total{job_name="shop_job",asset_group="shop",owner="team:shop",model="m",direction="output"} 2',
      'dagma_model_cost_total{job_name="shop_job",asset_group="shop",owner="team:shop",model="m"} 10',
    ]),
  )
  const labels = new Set(lines.flatMap((line) => (line.startsWith('dagma_') ? [...line.matchAll(/(\w+)="/g)].map(([, name]) => name) : [])))
  expect(labels).toEqual(new Set(['job_name', 'asset_group', 'step_kind', 'status', 'le', 'owner', 'model', 'direction']))
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404)
})

it('an address that is taken is a warning', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  onlyEnvironment({ OTEL_METRICS_EXPORTER: 'prometheus', OTEL_EXPORTER_PROMETHEUS_PORT: String(port) })
  const slow = asset({ key: 'slow', run: () => new Promise((resolve) => setTimeout(resolve, 50, 1)) })
  const run = await runShop(openTelemetry(), [slow])
  server.close()
  expect(run.status).toBe('SUCCESS')
  expect(warningsOf(run)).toEqual([`OpenTelemetry: there is no Prometheus endpoint at 127.0.0.1:${port}: EADDRINUSE.`])
})
