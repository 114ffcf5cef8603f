import { Command } from 'commander'
import { loadDotenv } from '../../runtime/project/dotenv.ts'
import { findProject } from '../../runtime/project/project.ts'
import { type JsonOption, jsonOption } from '../terminal/options.ts'
import { printJson, printTable } from '../terminal/output.ts'

/** `dagma workers` */
export function workersCommand(): Command {
  return new Command('workers')
    .description('List the workers of `dagma worker-pool` on all machines.')
    .addOption(jsonOption())
    .action(async ({ json }: JsonOption) => {
      const { folder } = findProject(process.cwd())
      loadDotenv(folder)
      const { poolWorkers } = await import('../../dagster/dev/worker-pool.ts')
      const workers = await poolWorkers(folder)
      if (json) return printJson(workers)
      printTable(
        ['WORKER', 'PID', 'STATE', 'QUEUES', 'RUN', 'STEP', 'MODULES', 'AGE'],
        workers.map(({ name, pid, state, queues, runId, step, digests, ageSeconds }) => [
          name,
          String(pid),
          state,
          queues.join(', '),
          runId?.slice(0, 8) ?? '',
          step ?? '',
          (digests.modules ?? '').replace('sha256:', '').slice(0, 12),
          `${Math.round(ageSeconds)} s`,
        ]),
      )
    })
}
