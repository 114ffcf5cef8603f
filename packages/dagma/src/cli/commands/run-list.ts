import { Command } from 'commander'
import type { Run } from '../../engine/events.ts'
import { findProject } from '../../runtime/project/project.ts'
import { type JsonOption, jsonOption, type ModuleOption, moduleOption, positiveInteger } from '../terminal/options.ts'
import { durationText, printJson, printTable } from '../terminal/output.ts'
import { partitionText } from '../terminal/partition-text.ts'
import { readLog } from '../terminal/read-log.ts'
import { recordedSteps } from '../terminal/step-texts.ts'

/** `dagma run list` */
export function runListCommand(): Command {
  return new Command('list')
    .description('List runs, newest first.')
    .option('-n, --limit <count>', 'maximum number of runs', positiveInteger, 20)
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action(({ json, limit, module }: ModuleOption & JsonOption & { limit: number }) => {
      const { folder } = findProject(process.cwd(), module)
      if (json) return printJson(readLog(folder, (log) => log.runs(limit).map(runJson)))
      const rows = readLog(folder, (log) => log.runs(limit).map((run) => row(run, targetOf(run))))
      printTable(['RUN', 'STATUS', 'TARGET', 'PARTITION', 'STARTED', 'DURATION'], rows, 'TARGET')
    })
}

/** A run as `--json` prints it. */
export function runJson(run: Run): unknown {
  return {
    runId: run.runId,
    jobName: run.jobName,
    status: run.status,
    assetKeys: run.assetKeys,
    startTime: run.startTime,
    endTime: run.endTime,
    partitionKey: run.partitionKey,
    partitionKeyRange: run.partitionKeyRange,
    tags: run.tags,
    parentRunId: run.parentRunId,
  }
}

/** The job, the assets or, of a run of checks alone, the checks. */
function targetOf(run: Run): string {
  if (run.jobName !== null) return run.jobName
  if (run.assetKeys.length > 0) return run.assetKeys.join(', ')
  return run.steps.map(recordedSteps(run).label).join(', ')
}

function row(run: Run, target: string): string[] {
  const duration = run.endTime === null ? '' : durationText(run.endTime - run.startTime)
  return [run.runId.slice(0, 8), run.status, target, partitionText(run) ?? '', new Date(run.startTime).toISOString(), duration]
}
