import type { Command } from 'commander'
import { newRunCommand, selectOption } from './new-run.ts'

/** `dagma asset observe` */
export function assetObserveCommand(): Command {
  return newRunCommand<{ select: string }>({
    name: 'observe',
    description: 'Observe observable assets, in this process.',
    target: selectOption,
    request: ({ select }) => ({ selection: select, kind: 'observe' }),
  })
}
