import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file system of its own, in memory, so small that a test can fill it. Root may mount it, on Linux. */
export class SmallDisk implements Disposable {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** Mounts one at a folder, which is made when it is not there. `size` as mount(8) has it. */
  static mount(folder: string, size: string): SmallDisk {
    mkdirSync(folder, { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder], { stdio: 'pipe' })
    return new SmallDisk(folder)
  }

  get #filler(): string {
    return join(this.#folder, 'filler')
  }

  /** Leaves no byte of room. */
  fill(): void {
    const file = openSync(this.#filler, 'a')
    const block = Buffer.alloc(4096)
    try {
      for (;;) writeSync(file, block)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
    } finally {
      closeSync(file)
    }
  }

  makeRoom(): void {
    rmSync(this.#filler)
  }

  [Symbol.dispose](): void {
    execFileSync('umount', ['--lazy', this.#folder])
  }
}

/** Whether a small disk can be mounted here; where not, it says why. That is a right that no set-up gives, so it skips in CI, too. */
export function canMountSmallDisks(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'dagma-disk-'))
  try {
    SmallDisk.mount(folder, '1m')[Symbol.dispose]()
    return true
  } catch (error) {
    console.warn(`Skipped: a small disk cannot be mounted: ${error instanceof Error ? error.message : error}`)
    return false
  } finally {
    rmdirSync(folder)
  }
}
