import { freePort } from './ports.ts'
import type { Running } from './processes.ts'
import type { TestProject } from './test-project.ts'

/** A `dagma dev` that serves. */
export interface DevServer {
  readonly running: Running
  readonly address: string
  readonly port: number
}

/** Starts `dagma dev` on a free port, and waits until it says that Dagster's UI is up. */
export async function startDev(project: TestProject, env: Readonly<Record<string, string>> = {}): Promise<DevServer> {
  const port = await freePort()
  const running = project.startDagma(['dev', '-p', String(port)], env)
  try {
    const address = await running.until(({ stdout }) => /Dagster UI: (\S+)/.exec(stdout)?.[1], 120_000)
    return { running, address, port }
  } catch (error) {
    running.kill()
    throw error
  }
}
