import { Command } from 'commander'
import { serveWorker } from '../../dagster/host/worker.ts'
import { findProject } from '../../runtime/project/project.ts'
import { type ModuleOption, moduleOption } from '../terminal/options.ts'

/** `dagma worker`: started by the Dagster host for each run, hidden from people. */
export function workerCommand(): Command {
  return new Command('worker')
    .description('Run steps for the Dagster host.')
    .addOption(moduleOption())
    .action(({ module }: ModuleOption) => serveWorker(findProject(process.cwd(), module)))
}
