/**
 * The cost of observing: `npm run bench -- observe`.
 *
 * - A materialization's way through the gate (normalize → observe → redact), with secrets declared and set. To stay below 50 µs with OpenTelemetry off.
 * - A printed line's way through it. To stay below 5 µs with ten secrets.
 * - A run's materializations with OpenTelemetry off and on, to a collector in its own process.
 * - Retrievals of one step as spans, without texts and with their beginnings. To stay below 60 µs a span.
 * - 20,000 vectors of 384 dimensions through the Qdrant resource, over the bare local store.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { perLine, perMaterialization, perRun } from './materialization.ts'
import { upsertOverhead } from './upsert.ts'

/** Measures, and prints. The exit code says whether the bound holds. */
export async function main(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'dagma-bench-'))
  try {
    const microseconds = perMaterialization()
    const microsecondsALine = perLine()
    await perRun(folder)
    await upsertOverhead(folder)
    return microseconds < 50 && microsecondsALine < 5 ? 0 : 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
