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

/** Why a small disk cannot be mounted here; empty when it can. */
export function needsSmallDisk(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dagma-disk-'))
  try {
    SmallDisk.mount(folder, '1m')[Symbol.dispose]()
    return ''
  } catch (error) {
    return `a small disk cannot be mounted: ${error instanceof Error ? error.message : error}`
  } finally {
    rmdirSync(folder)
  }
}
