import { Command, InvalidArgumentError } from 'commander'
import { selectAssets } from '../../definitions/selection/select-assets.ts'
import { EventLog } from '../../engine/event-log.ts'
import { pruneProject } from '../../engine/prune-items.ts'
import type { PruneOptions, PruneResult } from '../../engine/prune-runs.ts'
import { type JsonOption, jsonOption, loadProject, type ModuleOption, moduleOption } from '../terminal/options.ts'
import { printJson, printLine } from '../terminal/output.ts'

type Keep = Pick<PruneOptions, 'endedBefore' | 'keepNewest'>

interface Options extends ModuleOption, JsonOption {
  readonly keep: Keep
  readonly select?: string
  readonly dryRun?: boolean
}

/** `dagma run prune` */
export function runPruneCommand(): Command {
  return new Command('prune')
    .description(
      'Remove old runs from the event log. Keeps the latest materialization of each asset and partition, and all stored values; removes what unsuccessful runs kept of their items.',
    )
    .requiredOption('--keep <age or count>', 'runs to keep: those of the last 30d (m, h, d or w), or the newest 100', keep)
    .option('-s, --select <selection>', 'only runs that target no other assets')
    .option('--dry-run', 'print what would be removed, and remove nothing')
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const { project, definitions } = await loadProject(options)
      const { select, dryRun = false } = options
      const chosen = select === undefined ? {} : { assetKeys: new Set(selectAssets(select, definitions.assets)) }
      using log = EventLog.openExisting(project.folder)
      const result = pruneProject(project.folder, log, { ...options.keep, ...chosen, dryRun })
      if (options.json) printJson({ ...result, dryRun })
      else printLine(summary(result, dryRun))
    })
}

const units = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 } as const

function keep(text: string): Keep {
  const [, count, unit] = /^(\d+)([mhdw])?$/.exec(text) ?? []
  if (count === undefined) throw new InvalidArgumentError('Pass an age such as 30d, 12h or 4w, or how many runs to keep, such as 100.')
  if (unit === undefined) return { keepNewest: Number(count) }
  return { endedBefore: Date.now() - Number(count) * units[unit as keyof typeof units] }
}

function summary({ runs, keptInPart, events, bytes }: PruneResult, dryRun: boolean): string {
  const number = (count: number, noun: string): string => `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
  const what = `${number(runs, 'run')} and ${number(events, 'event')}`
  const rest =
    keptInPart === 0
      ? ''
      : ` ${number(keptInPart, 'run')} with the newest materialization of an asset or partition ${keptInPart === 1 ? 'stays' : 'stay'} in part.`
  return dryRun ? `Would remove ${what}.${rest}` : `Removed ${what}; ${(bytes / 1e6).toFixed(1)} MB freed.${rest}`
}
