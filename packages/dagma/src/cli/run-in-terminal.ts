import { styleText } from 'node:util'
import type { Definitions } from '../definitions/definitions.ts'
import type { RunConfig } from '../definitions/job.ts'
import type { RunEvent } from '../engine/events.ts'
import { type MaterializeRun, materialize } from '../engine/materialize.ts'
import { dagmaError } from '../errors.ts'
import type { WireError } from '../runtime/exit-gate.ts'
import type { Project } from '../runtime/project.ts'
import { exitCodes } from './exit-codes.ts'
import { interruption } from './interruption.ts'
import { durationText, printJson, printLine, printMetadata } from './output.ts'

/** What a command asks for. */
export interface RunRequest {
  selection?: string
  job?: string
  /** JSON text: config by asset. */
  config?: string
  json?: boolean
}

/** Runs assets by the embedded engine and shows it: live lines, or one JSON document. The exit code says how the run ended. */
export async function runInTerminal(project: Project, definitions: Definitions, request: RunRequest): Promise<void> {
  const { selection, job, json = false } = request
  const run = await materialize(definitions, {
    ...(selection === undefined ? {} : { selection }),
    ...(job === undefined ? {} : { job }),
    ...(request.config === undefined ? {} : { config: parseConfig(request.config) }),
    projectFolder: project.folder,
    signal: interruption('the run'),
    ...(json ? {} : { onEvent: progress() }),
  })
  if (json) printJson(runJson(run))
  process.exitCode = run.status === 'SUCCESS' ? exitCodes.good : exitCodes.runFailed
}

function parseConfig(text: string): RunConfig {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as RunConfig
  } catch {
    // said below
  }
  throw dagmaError('DAGMA_CONFIG_UNKNOWN', { step: text, reason: 'which is no JSON object such as {"my_asset": {"field": 1}}' })
}

/** Prints a line for each event worth one. */
export function progress(): (event: RunEvent) => void {
  const began = new Map<string, number>()
  let runBegan = 0
  const since = (event: { readonly step: string; readonly time: number }): string =>
    styleText('dim', durationText(event.time - (began.get(event.step) ?? event.time)))
  return (event) => {
    switch (event.type) {
      case 'RUN_START':
        runBegan = event.time
        return printLine(`Run ${event.runId}`)
      case 'STEP_START':
        began.set(event.step, event.time)
        return
      case 'LOG':
        return printLine(`  ${styleText('dim', `${event.step} ${event.level}:`)} ${event.message}`)
      case 'ASSET_MATERIALIZATION':
        printLine(`${styleText('green', '✓')} ${styleText('bold', event.asset)}  ${since(event)}`)
        return printMetadata(event.metadata)
      case 'STEP_FAILURE':
        printLine(`${styleText('red', '✗')} ${styleText('bold', event.step)}  ${since(event)}`)
        return printError(event.error)
      case 'STEP_SKIPPED':
        return printLine(`${styleText('yellow', '-')} ${styleText('bold', event.step)}  skipped, because ${event.because} did not succeed`)
      case 'RUN_SUCCESS':
      case 'RUN_FAILURE':
      case 'RUN_CANCELED':
        return printLine(`${event.type.slice('RUN_'.length)} in ${durationText(event.time - runBegan)}`)
    }
  }
}

function printError(error: WireError): void {
  printLine(`    ${error.message}`)
  for (let one: WireError | null = error; one !== null; one = one.cause) {
    if (one !== error) printLine(`    caused by ${one.name}: ${one.message}`)
    for (const frame of one.stack) printLine(styleText('dim', frame.trimEnd()))
  }
}

function runJson(run: MaterializeRun): unknown {
  return {
    run_id: run.runId,
    status: run.status,
    materializations: [...run.materializations.values()].map(({ asset, metadata, time }) => ({ asset, time, metadata })),
  }
}
