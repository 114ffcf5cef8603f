import { Command, Option } from 'commander'
import type { PipesSession } from '../../dagster/pipes/session.ts'
import type { RunConfig } from '../../definitions/automation/job.ts'
import type { RunEvent } from '../../engine/events.ts'
import { type MaterializeRun, materialize } from '../../engine/materialize.ts'
import { dagmaError } from '../../errors.ts'
import type { WireError } from '../../runtime/gate/exit-gate.ts'
import { interruption } from '../terminal/interruption.ts'
import { loadProject, type ModuleOption, moduleOption } from '../terminal/options.ts'
import { configOption } from '../terminal/run-in-terminal.ts'

/** `dagma pipes` */
export function pipesCommand(): Command {
  return new Command('pipes')
    .description('Make the assets that a Pipes client of a Dagster in Python asks for.')
    .option('-s, --select <selection>', 'which assets; by default those of the step that the Pipes client stands in')
    .addOption(configOption())
    .addOption(moduleOption())
    .addOption(new Option('--dagster-pipes-context <param>').hideHelp())
    .addOption(new Option('--dagster-pipes-messages <param>').hideHelp())
    .action(async (options: ModuleOption & { select?: string; config?: RunConfig }) => {
      const { project, definitions } = await loadProject({ ...options, json: true })
      const { runPipes } = await import('../../dagster/pipes/open.ts') // what other commands need not load
      await runPipes(async (session) => {
        if (!session.isActive) throw dagmaError('DAGMA_PIPES_NOT_STARTED', {})
        const { context } = session
        const { select = context.assetKeys.map((key) => `key:"${key}"`).join(' or '), config } = options
        const run = await materialize(definitions, {
          selection: select,
          kind: 'materialize',
          projectFolder: project.folder,
          signal: interruption('the run'),
          tags: { 'dagster/run_id': context.runId },
          ...(config && { config }),
          ...(context.isPartitionStep && { partitionKey: context.partitionKey }),
          onEvent: (event) => tell(session, event),
        })
        if (run.status !== 'SUCCESS') throw failureOf(run)
      })
    })
}

/** What Dagster can be told of an event. Assets that are not the step's own are only logged: Pipes takes no others. */
function tell(session: PipesSession, event: RunEvent): void {
  const own = !('asset' in event) || !session.context.isAssetStep || session.context.assetKeys.includes(event.asset)
  switch (event.type) {
    case 'ASSET_MATERIALIZATION':
      if (!own) return session.log.info(`Made ${event.asset}, which is no asset of this step.`)
      return session.reportAssetMaterialization({
        assetKey: event.asset,
        metadata: event.metadata,
        ...(event.dataVersion !== null && { dataVersion: event.dataVersion }),
      })
    case 'ASSET_CHECK_EVALUATION': {
      const { asset: assetKey, check: checkName, passed, severity, metadata } = event
      if (!own) return session.log.info(`Check ${checkName} of ${assetKey} ${passed ? 'passed' : 'failed'}; it is no asset of this step.`)
      return session.reportAssetCheck({ assetKey, checkName, passed, severity, metadata })
    }
    case 'LOG':
      return session.log[event.level](event.message)
    case 'STEP_UP_FOR_RETRY':
      return session.log.warning(`${event.error.message} It is tried again in ${event.delaySeconds} s.`)
    case 'STEP_SKIPPED':
      return session.log.warning(`Step ${event.step} is skipped, because ${event.because} did not succeed.`)
    case 'STEP_FAILURE':
      return session.log.error(event.error.message)
  }
}

/** The error of the first step that failed, as an error again. */
function failureOf({ runId, status, events }: MaterializeRun): Error {
  const failed = events.find((event) => event.type === 'STEP_FAILURE')
  return failed === undefined ? new Error(`Run ${runId} ended as ${status}.`) : errorOf(failed.error)
}

function errorOf({ name, message, stack, cause }: WireError): Error {
  const error = new Error(message, cause === null ? undefined : { cause: errorOf(cause) })
  return Object.assign(error, { name, stack: `${name}: ${message}\n${stack.join('')}` })
}
