/** Before the tests with real processes: the wheel, and one Python environment for all of them. */
import type { TestProject } from 'vitest/node'
import { run } from './processes.ts'
import { pythonHome, repository } from './repository.ts'
import { writeProject } from './test-project.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Why tests that need Python cannot run; empty when they can. */
    noPython: string
  }
}

const definitions = `import { asset, definitions } from 'dagma'
export default definitions({ assets: [asset({ key: 'one', run: () => 1 })] })
`

export default async function setUp(project: TestProject): Promise<void> {
  const noPython = await problem()
  if (noPython !== '' && process.env.CI === 'true') throw new Error(noPython)
  project.provide('noPython', noPython)
}

async function problem(): Promise<string> {
  const built = await run(process.execPath, ['scripts/setup.mjs', '--python'], { cwd: repository, withinMs: 300_000 })
  if (built.code !== 0) return `Set-up failed.\n${built.stderr}`
  writeProject(pythonHome, definitions)
  const made = await run('dagma', ['dev', '--check'], { cwd: pythonHome, withinMs: 300_000 })
  return made.code === 0 ? '' : `The Python environment could not be made.\n${made.stderr}`
}
