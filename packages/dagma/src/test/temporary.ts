/** Helpers of the tests in this package; not published. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A new folder with these files in it, removed when the test is over. */
export function temporaryFolder(files: { readonly [path: string]: string } = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'dagma-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  return folder
}

/** Sets environment variables for the rest of the test. */
export function setEnvironment(variables: { readonly [name: string]: string | undefined }): void {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const)
  const set = (name: string, value: string | undefined): void => {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  onTestFinished(() => {
    for (const [name, value] of before) set(name, value)
  })
  for (const [name, value] of Object.entries(variables)) set(name, value)
}

/** The error that `action` throws or rejects with. */
export async function thrownBy(action: () => unknown): Promise<Error> {
  try {
    await action()
  } catch (error) {
    return error as Error
  }
  throw new Error('Nothing was thrown.')
}
