import { asset, type Definitions, definitions, staticPartitions } from 'dagma'

/** The partitions that the project has. */
export const partitionKeys = Array.from({ length: 40 }, (_, index) => `p${index}`)

/** All of them. */
export const range = { start: 'p0', end: 'p39' }

/** The expected value of a partition: some are larger than a page of the file system. */
export function expectedPartition(key: string): { readonly key: string; readonly padding: string } {
  return { key, padding: 'x'.repeat(Number(key.slice(1)) % 4 === 0 ? 100_000 : 10) }
}

/** Two assets whose partitions are made in one run, the second from the first. */
export function rangeProject(): Definitions {
  const several = { partitions: staticPartitions(partitionKeys), backfillPolicy: 'single-run', partitionConcurrency: 3 } as const
  const first = asset({
    key: 'first',
    ...several,
    run: async ({ partitionKey }) => {
      await new Promise((resolve) => setTimeout(resolve, 2))
      return expectedPartition(partitionKey)
    },
  })
  const second = asset({ key: 'second', ...several, inputs: { first }, run: ({ inputs }) => inputs.first })
  return definitions({ assets: [first, second] })
}
