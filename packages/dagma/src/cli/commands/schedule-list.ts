import { Command } from 'commander'
import { type JsonOption, jsonOption, loadProject, type ModuleOption, moduleOption } from '../terminal/options.ts'
import { printJson, printTable } from '../terminal/output.ts'

/** `dagma schedule list` */
export function scheduleListCommand(): Command {
  return new Command('list')
    .description('List schedules. Dagster executes them.')
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action(async (options: ModuleOption & JsonOption) => {
      const { definitions } = await loadProject(options)
      const rows = [...definitions.schedules.values()].map((schedule) => ({
        name: schedule.name,
        jobName: schedule.job,
        cronSchedule: schedule.cronSchedule,
        executionTimezone: schedule.executionTimezone,
        defaultStatus: schedule.defaultStatus,
      }))
      if (options.json) printJson(rows)
      else
        printTable(
          ['SCHEDULE', 'JOB', 'CRON', 'TIME ZONE', 'DEFAULT'],
          rows.map((row) => Object.values(row)),
        )
    })
}
