/** The table of all commands and options, read from the command line itself. */
import type { Command } from 'commander'
import { program } from '../../packages/dagma/dist/cli/program.js'
import { generated } from '../navigation.ts'
import { cell } from './table.ts'

export async function commandsPage(): Promise<{ route: string; text: string }> {
  const root = await program()
  const sections = leaves(root, root.name()).map(([path, command]) => {
    const help = command.createHelp()
    const rows = help
      .visibleOptions(command)
      .filter(({ long }) => long !== '--help')
      .map(({ flags, description, defaultValue }) => [`\`${flags}\``, description, defaultText(defaultValue)])
    const table =
      rows.length === 0
        ? ''
        : `\n\n| option | meaning | default |\n|---|---|---|\n${rows.map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n')}`
    return `## ${path}\n\n${cell(help.commandDescription(command))}\n\n\`\`\`sh\n${path} ${help.commandUsage(command).split(' ').slice(path.split(' ').length).join(' ')}\n\`\`\`${table}`
  })
  const text = `# Commands and options\n\nGenerated from the command line. [The command line](/guide/cli.md) explains the commands with examples.\n\n${sections.join('\n\n')}\n`
  return { route: generated.commands, text }
}

/** The commands that do something. */
function leaves(command: Command, path: string): [path: string, command: Command][] {
  const below = command
    .createHelp()
    .visibleCommands(command)
    .filter((child) => child.name() !== 'help')
  return below.length === 0 ? [[path, command]] : below.flatMap((child) => leaves(child, `${path} ${child.name()}`))
}

/** A list or a map that is filled by the option is empty by default. */
function defaultText(value: unknown): string {
  return value === undefined || typeof value === 'object' ? '–' : `\`${value}\``
}
