import { Command } from 'commander'
import { cronTicks } from '../../definitions/time/cron-ticks.ts'
import { type JsonOption, jsonOption, loadProject, type ModuleOption, moduleOption, positiveInteger } from '../terminal/options.ts'
import { printJson, printLine } from '../terminal/output.ts'
import { printTick, tickDocument } from '../terminal/print-tick.ts'
import { evaluateTick, expectTick } from './tick.ts'

/** `dagma schedule preview` */
export function schedulePreviewCommand(): Command {
  return new Command('preview')
    .description('Show the next ticks of a schedule, and evaluate the first. Launches no run.')
    .argument('<schedule>', 'name of the schedule')
    .option('-n, --ticks <count>', 'number of ticks', positiveInteger, 5)
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action(async (name: string, options: ModuleOption & JsonOption & { ticks: number }) => {
      const { project, definitions } = await loadProject(options)
      const schedule = expectTick(definitions.schedules, 'schedule', name)
      const times = cronTicks(schedule.cronSchedule, schedule.executionTimezone, new Date(), options.ticks)
      const host = { definitions, projectFolder: project.folder, signal: new AbortController().signal }
      const tick = await evaluateTick({ kind: 'schedule', name, scheduled_time: (times[0] ?? new Date()).toISOString() }, host)
      if (options.json) return printJson({ ticks: times.map((time) => time.toISOString()), first: tickDocument(tick) })
      for (const time of times) printLine(`${time.toISOString()}${localTime(time, schedule.executionTimezone)}`)
      printTick(tick)
    })
}

/** The local time in the schedule's time zone. */
function localTime(time: Date, timeZone: string): string {
  if (timeZone === 'UTC') return ''
  return `  ${new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' }).format(time)} ${timeZone}`
}
