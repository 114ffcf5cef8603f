import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Finding } from '../../metadata/finding.ts'

const check = 'Python package'

/**
 * Searches the Python environment that `dagma dev` creates, and the active one, for the package that is called `dagma` on PyPI: it belongs to
 * another project and has the import name of ours, `dagster-dagma`.
 */
export function pythonFinding(projectFolder: string, activeEnvironment = process.env.VIRTUAL_ENV): Finding {
  const own = join(projectFolder, '.dagma', 'python')
  for (const environment of [own, activeEnvironment]) {
    if (environment && packagesIn(environment).some((name) => /^dagma-[^-]*\.(?:dist|egg)-info$/i.test(name)))
      return foreign(environment, own)
  }
  if (!existsSync(own)) return { check, status: 'ok', message: 'There is no Python environment yet: `npx dagma dev` creates it.' }
  const ours = packagesIn(own)
    .map((name) => /^dagster_dagma-([^-]+)\.dist-info$/.exec(name)?.[1])
    .find((version) => version !== undefined)
  if (ours !== undefined) return { check, status: 'ok', message: `dagster-dagma ${ours} is in .dagma/python.` }
  return {
    check,
    status: 'error',
    message: 'The Python environment in .dagma/python does not have dagster-dagma.',
    fix: 'Delete the folder .dagma/python; `npx dagma dev` creates it again.',
  }
}

function foreign(environment: string, own: string): Finding {
  const isOwn = environment === own
  return {
    check,
    status: 'error',
    message: `${isOwn ? 'The environment in .dagma/python' : 'The active Python environment'} has the PyPI package "dagma", an unrelated project with the same import name.`,
    fix: isOwn
      ? 'Delete the folder .dagma/python; `npx dagma dev` creates it again. The package of this project is called dagster-dagma.'
      : 'Uninstall it there (pip uninstall dagma). The package of this project is called dagster-dagma.',
  }
}

/** Names of what is installed: `lib/python3.x/site-packages` of an environment. */
function packagesIn(environment: string): string[] {
  const lib = join(environment, 'lib')
  const list = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : [])
  return list(lib).flatMap((python) => list(join(lib, python, 'site-packages')))
}
