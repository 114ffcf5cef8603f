import type { Command } from 'commander'
import { withStateOptions } from '../terminal/chosen-partitions.ts'
import { newRunCommand, selectOption } from './new-run.ts'

/** `dagma asset materialize` */
export function assetMaterializeCommand(): Command {
  return withStateOptions(
    newRunCommand<{ select: string }>({
      name: 'materialize',
      description: 'Materialize assets and evaluate their checks, in this process.',
      target: selectOption,
      request: ({ select }) => ({ selection: select, kind: 'materialize' }),
    }),
  )
}
