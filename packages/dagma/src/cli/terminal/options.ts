import { InvalidArgumentError, Option } from 'commander'
import type { Definitions } from '../../definitions/model.ts'
import { claimStdout } from '../../runtime/gate/gated-output.ts'
import { findProject, loadDefinitions, type Project } from '../../runtime/project/project.ts'

/** `-m`: which definitions to load. */
export interface ModuleOption {
  module?: string
}

/** `--json`: print JSON for programs. */
export interface JsonOption {
  json?: boolean
}

export const moduleOption = (): Option => new Option('-m, --module <file>', 'definitions module (default: the one that package.json names)')

export const jsonOption = (): Option => new Option('--json', 'print JSON')

/** The project of the working directory and its definitions. With `--json`, stdout is kept for the JSON. */
export async function loadProject({ module, json }: ModuleOption & JsonOption): Promise<{ project: Project; definitions: Definitions }> {
  if (json) claimStdout()
  const project = findProject(process.cwd(), module)
  return { project, definitions: await loadDefinitions(project) }
}

/** Reads an integer from 1. */
export function positiveInteger(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Pass an integer of at least 1.')
  return value
}
