import { Command } from 'commander'
import { findProject } from '../runtime/project.ts'
import { type ModuleOption, moduleOption } from './options.ts'

/** `dagma worker`: started by the Dagster host for each run, hidden from people. */
export function workerCommand(): Command {
  return new Command('worker')
    .description('Run steps for the Dagster host.')
    .addOption(moduleOption())
    .action(async ({ module }: ModuleOption) => {
      const { serveWorker } = await import('../dagster/worker.ts') // what other commands need not load
      await serveWorker(findProject(process.cwd(), module))
    })
}
