import { Command } from 'commander'
import { type JsonOption, jsonOption, loadProject, type ModuleOption, moduleOption } from '../terminal/options.ts'
import { printJson, printTable } from '../terminal/output.ts'

/** `dagma job list` */
export function jobListCommand(): Command {
  return new Command('list')
    .description('List jobs and their schedules.')
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action(async (options: ModuleOption & JsonOption) => {
      const { definitions } = await loadProject(options)
      const jobs = [...definitions.jobs.values()].map(({ name, assetKeys }) => ({
        name,
        assets: assetKeys,
        schedules: [...definitions.schedules.values()]
          .filter((schedule) => schedule.job === name)
          .map((schedule) => `${schedule.cronSchedule} ${schedule.executionTimezone}`),
      }))
      if (options.json) printJson(jobs)
      else
        printTable(
          ['JOB', 'ASSETS', 'SCHEDULE'],
          jobs.map((job) => [job.name, job.assets.join(', '), job.schedules.join('; ')]),
          'ASSETS',
        )
    })
}
