import { Command } from 'commander'

/** The description of each group of commands. */
export const groups: { readonly [name: string]: string } = {
  asset: 'List, inspect and materialize assets.',
  job: 'List and launch jobs.',
  partition: 'Show the status of partitions; list, add and delete dynamic ones.',
  run: 'Inspect, retry, end and prune runs of the embedded engine.',
  schedule: 'List and preview schedules.',
  sensor: 'List and preview sensors.',
  definitions: 'Check definitions.',
}

/** Every command that people use, by its words. Each is its own module, loaded when it is called: loading all takes longer than most of them. */
export const commands: { readonly [words: string]: () => Promise<Command> } = {
  'asset list': async () => (await import('./commands/asset-list.ts')).assetListCommand(),
  'asset show': async () => (await import('./commands/asset-show.ts')).assetShowCommand(),
  'asset materialize': async () => (await import('./commands/asset-materialize.ts')).assetMaterializeCommand(),
  'asset check': async () => (await import('./commands/asset-check.ts')).assetCheckCommand(),
  'asset observe': async () => (await import('./commands/asset-observe.ts')).assetObserveCommand(),
  'job list': async () => (await import('./commands/job-list.ts')).jobListCommand(),
  'job launch': async () => (await import('./commands/job-launch.ts')).jobLaunchCommand(),
  eval: async () => (await import('./commands/eval.ts')).evalCommand(),
  'partition status': async () => (await import('./commands/partition-status.ts')).partitionStatusCommand(),
  'partition list': async () => (await import('./commands/partition-list.ts')).partitionListCommand(),
  'partition add': async () => (await import('./commands/partition-change.ts')).partitionAddCommand(),
  'partition delete': async () => (await import('./commands/partition-change.ts')).partitionDeleteCommand(),
  'run list': async () => (await import('./commands/run-list.ts')).runListCommand(),
  'run show': async () => (await import('./commands/run-show.ts')).runShowCommand(),
  'run logs': async () => (await import('./commands/run-logs.ts')).runLogsCommand(),
  'run retry': async () => (await import('./commands/run-retry.ts')).runRetryCommand(),
  'run end': async () => (await import('./commands/run-end.ts')).runEndCommand(),
  'run prune': async () => (await import('./commands/run-prune.ts')).runPruneCommand(),
  'schedule list': async () => (await import('./commands/schedule-list.ts')).scheduleListCommand(),
  'schedule preview': async () => (await import('./commands/schedule-preview.ts')).schedulePreviewCommand(),
  'sensor list': async () => (await import('./commands/sensor-list.ts')).sensorListCommand(),
  'sensor preview': async () => (await import('./commands/sensor-preview.ts')).sensorPreviewCommand(),
  'definitions validate': async () => (await import('./commands/definitions-validate.ts')).definitionsValidateCommand(),
  generate: async () => (await import('./commands/generate.ts')).generateCommand(),
  report: async () => (await import('./commands/report.ts')).reportCommand(),
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand(),
  dev: async () => (await import('./commands/dev.ts')).devCommand(),
  'worker-pool': async () => (await import('./commands/worker-pool.ts')).workerPoolCommand(),
  workers: async () => (await import('./commands/workers.ts')).workersCommand(),
  build: async () => (await import('./commands/build.ts')).buildCommand(),
  pipes: async () => (await import('./commands/pipes.ts')).pipesCommand(),
}

/** Commands that only Dagster starts. */
const ofDagster: typeof commands = {
  tick: async () => (await import('./commands/tick.ts')).tickCommand(),
  worker: async () => (await import('./commands/worker.ts')).workerCommand(),
}

/** The one command that a command line names, under the names of its groups; undefined when it names none. */
export async function namedCommand([first = '', second = '']: readonly string[]): Promise<Command | undefined> {
  const all = { ...commands, ...ofDagster }
  const words = [`${first} ${second}`, first].find((words) => Object.hasOwn(all, words))
  const command = words === undefined ? undefined : await all[words]?.()
  if (command === undefined) return undefined
  return new Command('dagma').addCommand(words === first ? command : new Command(first).addCommand(command))
}
