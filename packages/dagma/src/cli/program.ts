import { Command } from 'commander'
import { ownVersion } from '../own-files.ts'
import { commands, groups } from './command-table.ts'

/** All commands that people use. */
export async function program(): Promise<Command> {
  const root = new Command('dagma').description('Software-defined assets in TypeScript: run them here, or in the real Dagster.')
  for (const [words, load] of Object.entries(commands)) {
    const [name = ''] = words.split(' ')
    const command = await load()
    if (words === name) root.addCommand(command)
    else groupOf(root, name).addCommand(command)
  }
  root.version(ownVersion(), '-V, --version')
  root.addHelpText(
    'after',
    '\nExit codes: 0 success, 1 a run or its report failed, 2 invalid usage or definitions.\nShell completion: `dagma complete bash` (or zsh, fish, powershell) prints the script.',
  )
  return root
}

function groupOf(root: Command, name: string): Command {
  const known = root.commands.find((group) => group.name() === name)
  if (known !== undefined) return known
  const group = new Command(name).description(groups[name] ?? '')
  root.addCommand(group)
  return group
}
