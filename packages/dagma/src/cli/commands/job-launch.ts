import type { Command } from 'commander'
import { withStateOptions } from '../terminal/chosen-partitions.ts'
import { newRunCommand } from './new-run.ts'

/** `dagma job launch` */
export function jobLaunchCommand(): Command {
  return withStateOptions(
    newRunCommand<{ job: string }>({
      name: 'launch',
      description: 'Run a job, in this process.',
      target: ['-j, --job <name>', 'name of the job'],
      request: ({ job }) => ({ job }),
    }),
  )
}
