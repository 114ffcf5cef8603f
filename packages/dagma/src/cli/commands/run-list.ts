import { Command } from 'commander'
import type { Run } from '../../engine/events.ts'
import { findProject } from '../../runtime/project/project.ts'
import { type JsonOption, jsonOption, type ModuleOption, moduleOption, positiveInteger } from '../terminal/options.ts'
import { durationText, printJson, printTable } from '../terminal/output.ts'
import { readLog } from '../terminal/read-log.ts'

/** `dagma run list` */
export function runListCommand(): Command {
  return new Command('list')
    .description('List runs, newest first.')
    .option('-n, --limit <count>', 'how many at most', positiveInteger, 20)
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action(({ json, limit, module }: ModuleOption & JsonOption & { limit: number }) => {
      const runs = readLog(findProject(process.cwd(), module).folder, (log) => log.runs(limit))
      if (json) printJson(runs.map(runJson))
      else printTable(['RUN', 'STATUS', 'OF', 'STARTED', 'TOOK'], runs.map(row))
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
    tags: run.tags,
    parentRunId: run.parentRunId,
  }
}

function row(run: Run): string[] {
  const took = run.endTime === null ? '' : durationText(run.endTime - run.startTime)
  const of = `${run.jobName ?? run.assetKeys.join(', ')}${run.partitionKey === null ? '' : ` [${run.partitionKey}]`}`
  return [run.runId.slice(0, 8), run.status, of, new Date(run.startTime).toISOString(), took]
}
