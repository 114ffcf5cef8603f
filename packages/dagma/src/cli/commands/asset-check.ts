import type { Command } from 'commander'
import { newRunCommand, selectOption } from './new-run.ts'

/** `dagma asset check` */
export function assetCheckCommand(): Command {
  return newRunCommand<{ select: string }>({
    name: 'check',
    description: 'Evaluate checks of assets, in this process.',
    target: selectOption,
    request: ({ select }) => ({ selection: select, kind: 'check' }),
  })
}
