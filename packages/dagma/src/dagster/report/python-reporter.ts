/** Reports through the project's Python environment: `python -m dagma.report`, typed as Dagster has it. */
import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { dagmaError } from '../../errors.ts'
import { gateText, gateValue } from '../../runtime/gate/exit-gate.ts'
import { findPython, safePath } from '../dev/python-environment.ts'
import type { Reporter } from './reporter.ts'

const run = promisify(execFile)

/**
 * The way to the instance of DAGSTER_HOME, by default the one of `dagma dev`. The Python is DAGMA_PYTHON, otherwise the one that `dagma dev` made,
 * otherwise the one on PATH where DAGSTER_HOME is set.
 * @throws DAGMA_REPORT_NO_PYTHON
 */
export function pythonReporter(projectFolder: string): Reporter {
  const dagmaFolder = join(projectFolder, '.dagma')
  const ownHome = process.env.DAGSTER_HOME
  const home = ownHome || join(dagmaFolder, 'dagster-home')
  const python = findPython(projectFolder)
  if (python === undefined) {
    throw dagmaError('DAGMA_REPORT_NO_PYTHON', { reason: 'there is no environment of this version of Dagma in .dagma/python' })
  }
  return {
    to: `Dagster in ${home}`,
    limits: undefined,
    report: async (request) => {
      if (!ownHome) mkdirSync(home, { recursive: true, mode: 0o700 })
      const running = run(python, ['-m', 'dagma.report', join(dagmaFolder, 'report.lock')], {
        cwd: projectFolder,
        env: { ...process.env, ...safePath, DAGSTER_HOME: home },
        maxBuffer: 64 * 1024 * 1024,
      })
      running.child.stdin?.on('error', () => undefined) // a Python that ends early says why itself
      running.child.stdin?.end(JSON.stringify(gateValue(request)))
      const { stdout } = await running.catch((error) => {
        throw failure(python, error)
      })
      return (JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as { reported: string[] }).reported
    },
  }
}

/** The last lines of stderr, if any. */
function failure(python: string, error: { readonly code?: unknown; readonly stderr?: string; readonly message: string }): Error {
  if (error.code === 'ENOENT') return dagmaError('DAGMA_REPORT_NO_PYTHON', { reason: `there is no program ${python}` })
  const said = (error.stderr ?? '').trim().split('\n').slice(-8).join('\n')
  if (/No module named '?dag(ma|ster)/.test(said)) {
    return dagmaError('DAGMA_REPORT_NO_PYTHON', { reason: `${python} does not have this version of the package dagster-dagma` })
  }
  return new Error(gateText(said || error.message))
}
