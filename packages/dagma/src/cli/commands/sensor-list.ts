import { Command } from 'commander'
import { type JsonOption, jsonOption, loadProject, type ModuleOption, moduleOption } from '../terminal/options.ts'
import { printJson, printTable } from '../terminal/output.ts'

/** `dagma sensor list` */
export function sensorListCommand(): Command {
  return new Command('list')
    .description('List sensors. Dagster executes them.')
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action(async (options: ModuleOption & JsonOption) => {
      const { definitions } = await loadProject(options)
      const sensors = [...definitions.sensors.values()]
      if (options.json) {
        printJson(
          sensors.map(({ name, jobs, minimumIntervalSeconds, defaultStatus }) => ({
            name,
            jobNames: jobs,
            minimumIntervalSeconds,
            defaultStatus,
          })),
        )
      } else {
        printTable(
          ['SENSOR', 'JOBS', 'EVERY', 'DEFAULT'],
          sensors.map((sensor) => [sensor.name, sensor.jobs.join(', '), `${sensor.minimumIntervalSeconds} s`, sensor.defaultStatus]),
        )
      }
    })
}
