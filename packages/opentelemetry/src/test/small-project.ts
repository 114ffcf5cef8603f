import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Asset, definitions, job, type MaterializeRun, materialize, type Resource } from 'dagma'
import type { Instrument } from 'dagma/author'
import { onTestFinished } from 'vitest'

/** Runs these assets as `shop_job`, followed by the instrument. */
export function runShop(
  instrument: Instrument,
  assets: readonly Asset<unknown>[],
  resources: Readonly<Record<string, Resource<unknown>>> = {},
): Promise<MaterializeRun> {
  const projectFolder = mkdtempSync(join(tmpdir(), 'dagma-test-'))
  onTestFinished(() => rmSync(projectFolder, { recursive: true, force: true }))
  const jobs = [job({ name: 'shop_job', selection: '*' })]
  return materialize(definitions({ assets, jobs, resources, instrument } as never), { job: 'shop_job', projectFolder })
}

/** The warnings that a run has logged. */
export function warningsOf(run: MaterializeRun): string[] {
  return run.events.flatMap((event) => (event.type === 'LOG' && event.level === 'warning' ? [event.message] : []))
}

/** Sets environment variables for the rest of the test, and unsets all others of OpenTelemetry. */
export function onlyEnvironment(variables: Readonly<Record<string, string>>): void {
  const before = { ...process.env }
  const isOurs = (name: string): boolean =>
    name.startsWith('OTEL_') || name === 'DAGMA_TRACE_URL_TEMPLATE' || name === 'DAGMA_TRACE_CONTENT' || name in variables
  const clear = (): void => {
    for (const name of Object.keys(process.env)) if (isOurs(name)) delete process.env[name]
  }
  clear()
  Object.assign(process.env, variables)
  onTestFinished(() => {
    clear()
    for (const [name, value] of Object.entries(before)) if (isOurs(name)) process.env[name] = value
  })
}
