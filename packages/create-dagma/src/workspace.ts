/** Workspaces of npm, pnpm and yarn: a project in one is installed with it. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'

/** A workspace around a folder. */
export interface Workspace {
  readonly root: string
  /** Whether its patterns match the folder. */
  readonly isMember: boolean
}

/** The workspace that a folder is in, which need not exist yet. */
export function workspaceOf(folder: string): Workspace | undefined {
  for (let root = dirname(folder); ; root = dirname(root)) {
    const patterns = patternsOf(root)
    if (patterns !== undefined) {
      const path = relative(root, folder).split(sep).join('/')
      return { root, isMember: patterns.some((pattern) => matches(path, pattern)) }
    }
    if (dirname(root) === root) return undefined
  }
}

function patternsOf(folder: string): readonly string[] | undefined {
  const pnpm = join(folder, 'pnpm-workspace.yaml')
  if (existsSync(pnpm)) {
    const [, list = ''] = /^packages:\s*\n((?:\s+-.*\n?|\s*#.*\n|\s*\n)*)/m.exec(readFileSync(pnpm, 'utf8')) ?? []
    return [...list.matchAll(/^\s*-\s*['"]?([^'"#\n]+?)['"]?\s*(?:#.*)?$/gm)].map(([, pattern = '']) => pattern)
  }
  const file = join(folder, 'package.json')
  if (!existsSync(file)) return undefined
  const { workspaces } = JSON.parse(readFileSync(file, 'utf8')) as { workspaces?: readonly string[] | { packages?: readonly string[] } }
  return Array.isArray(workspaces) ? workspaces : (workspaces as { packages?: readonly string[] } | undefined)?.packages
}

function matches(path: string, pattern: string): boolean {
  const plain = pattern.replace(/^\.\//, '').replace(/\/$/, '')
  const expression = plain
    .split('/')
    .map((part) => (part === '**' ? '.+' : part.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*')))
    .join('/')
  return new RegExp(`^${expression}$`).test(path)
}
