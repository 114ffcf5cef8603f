import { Command } from 'commander'
import { loadDotenv } from '../../runtime/project/dotenv.ts'
import { findProject } from '../../runtime/project/project.ts'
import { endWith } from '../terminal/exit-codes.ts'
import { positiveInteger } from '../terminal/options.ts'

/** `dagma worker-pool` */
export function workerPoolCommand(): Command {
  return new Command('worker-pool')
    .description('Execute steps of Dagster runs in warm processes: for the executor "worker-pool". SIGTERM drains it.')
    .option('--workers <count>', 'number of processes (default: number of cores)', positiveInteger)
    .option('--queue <name...>', 'queues to take steps from (default: dagster)')
    .action(async ({ workers, queue = [] }: { workers?: number; queue?: readonly string[] }) => {
      const { folder } = findProject(process.cwd())
      loadDotenv(folder)
      const { runWorkerPool } = await import('../../dagster/dev/worker-pool.ts')
      const count = workers === undefined ? [] : ['--workers', String(workers)]
      endWith(await runWorkerPool(folder, [...count, ...queue.flatMap((name) => ['--queue', name])]))
    })
}
