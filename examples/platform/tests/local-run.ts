import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MaterializeOptions, type MaterializeRun, materialize } from 'dagma'
import { vi } from 'vitest'
import definitions from '../src/definitions.ts'

/** Runs the project in a temporary folder, on the local backends whatever the environment says. */
export class LocalProject implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'dagma-platform-'))

  constructor() {
    for (const variable of Object.keys(process.env))
      if (/^(MLFLOW|QDRANT|LANGFLOW|EMBEDDINGS)_/.test(variable)) vi.stubEnv(variable, undefined)
  }

  /** Materializes the assets; fails when the run does. */
  async run(selection: string, config: NonNullable<MaterializeOptions['config']> = {}): Promise<MaterializeRun> {
    const failures: string[] = []
    const run = await materialize(definitions, {
      selection,
      config,
      projectFolder: this.folder,
      onEvent: (event) => {
        if (event.type === 'STEP_FAILURE') failures.push(event.error.message)
      },
    })
    if (run.status !== 'SUCCESS') throw new Error(`The run ended as ${run.status}: ${failures.join('; ')}`)
    return run
  }

  [Symbol.dispose](): void {
    vi.unstubAllEnvs()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
