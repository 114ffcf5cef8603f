/** `docs/guide/cli.md` has the commands and options of the command line, no more and no fewer. */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { program } from './program.ts'

const page = readFileSync(new URL('../../../../docs/guide/cli.md', import.meta.url), 'utf8')

/** The commands that do something, as they are called, without those that only hosts start. */
function commands(command: Command, path: string): [path: string, command: Command][] {
  const visible = command.createHelp().visibleCommands(command)
  const below = visible.filter((child) => child.name() !== 'help')
  return below.length === 0 ? [[path, command]] : below.flatMap((child) => commands(child, `${path} ${child.name()}`))
}

const all = commands(await program(), 'dagma')

test('the table has every command', () => {
  const rows = [...page.matchAll(/^\| `(dagma [a-z -]+?)(?: [-<[].*?)?` \|/gm)].map(([, command]) => command)
  expect(rows).toEqual(all.map(([path]) => path))
})

test('the page has every option, and no other', () => {
  const ofCommands = all.flatMap(([, command]) => command.options.flatMap(({ long, hidden }) => (hidden ? [] : [long ?? ''])))
  const documented = [...page.matchAll(/--[a-z]+(?:-[a-z]+)*/g)].map(([option]) => option).filter((option) => option !== '--help')
  expect([...new Set(documented)].sort()).toEqual([...new Set(ofCommands)].sort())
})
