import { Command } from 'commander'
import type { RunConfig } from '../../definitions/automation/job.ts'
import type { Definitions } from '../../definitions/model.ts'
import type { RunEvent } from '../../engine/events.ts'
import { materialize } from '../../engine/materialize.ts'
import { dagmaError } from '../../errors.ts'
import { acceptTag } from '../../evaluation/accept-tag.ts'
import { endWith, exitCodes } from '../terminal/exit-codes.ts'
import { interruption } from '../terminal/interruption.ts'
import { type JsonOption, jsonOption, loadProject, type ModuleOption, moduleOption } from '../terminal/options.ts'
import { printJson, printLine, printTable } from '../terminal/output.ts'
import { progress } from '../terminal/progress.ts'
import { configOption } from '../terminal/run-in-terminal.ts'
import { declaredSteps } from '../terminal/step-texts.ts'
import { styleText } from '../terminal/style-text.ts'

interface EvalOptions extends ModuleOption, JsonOption {
  accept?: boolean
  partition?: string
  config?: RunConfig
}

type Evaluation = Extract<RunEvent, { type: 'ASSET_CHECK_EVALUATION' }>

/** `dagma eval` */
export function evalCommand(): Command {
  return new Command('eval')
    .description('Run the evaluations of assets, in this process, and compare them with the accepted ones.')
    .argument('[selection]', 'which assets, in Dagster’s selection syntax', '*')
    .option('--accept', 'accept what reaches its thresholds: later evaluations are compared with it')
    .option('--partition <key>', 'the partition to evaluate')
    .addOption(configOption())
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action(async (selection: string, options: EvalOptions) => {
      const { accept = false, partition: partitionKey, config, json = false } = options
      const loaded = await loadProject(options)
      const definitions = withoutOtherChecks(loaded.definitions)
      if (definitions.checks.size === 0) throw dagmaError('DAGMA_SELECTION_EMPTY', { what: 'This project', such: 'evaluation', selection })
      const show = progress({ partition: partitionKey ?? null, position: '' }, declaredSteps(definitions))
      const { runId, status, events } = await materialize(definitions, {
        selection,
        kind: 'check',
        projectFolder: loaded.project.folder,
        signal: interruption('the evaluations'),
        tags: accept ? { [acceptTag]: 'true' } : {},
        ...(partitionKey !== undefined && { partitionKey }),
        ...(config && { config }),
        // The table at the end says what the metadata does.
        ...(!json && { onEvent: (event) => show(event.type === 'ASSET_CHECK_EVALUATION' ? { ...event, metadata: {} } : event) }),
      })
      const evaluations = events.filter((event) => event.type === 'ASSET_CHECK_EVALUATION')
      if (status !== 'SUCCESS' || evaluations.some(({ passed }) => !passed)) endWith(exitCodes.runFailed)
      if (json) printJson({ runId, status, evaluations: evaluations.map(evaluationJson) })
      else if (evaluations.length > 0) printScores(evaluations)
    })
}

/** The definitions with no other checks in their own steps than evaluations. */
function withoutOtherChecks(definitions: Definitions): Definitions {
  const steps = new Map([...definitions.steps].filter(([, step]) => step.kind !== 'check' || step.isEvaluation))
  const checks = new Map([...definitions.checks].filter(([, { step }]) => step.isEvaluation))
  return { ...definitions, steps, checks }
}

function evaluationJson({ asset, check, partition, passed, description, metadata }: Evaluation): object {
  return { asset, name: check, partition, passed, description, metadata }
}

function printScores(evaluations: readonly Evaluation[]): void {
  printLine()
  const rows = evaluations.flatMap((evaluation) =>
    scoresOf(evaluation).map((scores) => [`${evaluation.asset}:${evaluation.check}`, ...scores]),
  )
  printTable(['EVALUATION', 'SCORER', 'SCORE', 'THRESHOLD', 'ACCEPTED', 'CHANGE', 'BETWEEN', 'RESULT'], rows)
}

/** The rows of an evaluation's table `scores`, as texts. */
function scoresOf({ metadata }: Evaluation): string[][] {
  const value = metadata.scores?.raw_value
  const records = typeof value === 'object' && value !== null && 'records' in value && Array.isArray(value.records) ? value.records : []
  return records.map((row: Record<string, string | number | null>) => {
    const number = (key: string): string => (typeof row[key] === 'number' ? row[key].toFixed(3) : '')
    const bounds = row.change_low === null ? '' : `${number('change_low')} and ${number('change_high')}`
    const { scorer, verdict } = row
    const isBad = verdict === 'worse' || verdict === 'below threshold'
    const result = styleText(isBad ? 'red' : verdict === 'better' ? 'green' : 'reset', String(verdict))
    return [String(scorer), number('score'), number('threshold'), number('accepted'), number('change'), bounds, result]
  })
}
