import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { materialize } from 'dagma'
import { z } from 'zod'
import { python } from '../dagster/python.ts'
import project from './project/src/definitions.ts'

const partitions = 10_000

const figures = z.object({
  single: z.number(),
  single_runs: z.number(),
  python_single: z.number(),
  python_runs: z.number(),
  many: z.number(),
  many_grown_mb: z.number(),
  store: z.number(),
  store_kept: z.number(),
})

/** 30 daily partitions of four assets with checks, and 10,000 partitions of a trivial one, on both hosts and in Python. */
export async function backfills(): Promise<number> {
  const executable = python()
  if (executable === undefined) return 2
  const done = spawnSync(executable, [fileURLToPath(new URL('backfills.py', import.meta.url)), String(partitions)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, DAGMA_NODE: process.execPath, DAGSTER_DISABLE_TELEMETRY: '1' },
  })
  if (done.status !== 0) return 1
  const hosted = figures.parse(JSON.parse(done.stdout.trim().split('\n').at(-1) ?? ''))
  const month = await embedded('month', '2026-01-01', '2026-01-30')
  console.log(`
30 daily partitions of four assets with checks, from the run's start to SUCCESS:
  Dagma in Dagster, one run      ${hosted.single.toFixed(2)} s
  Dagma in Dagster, 30 runs      ${hosted.single_runs.toFixed(2)} s   ${(hosted.single_runs / hosted.single).toFixed(1)} × as long
  Python, rewritten for ranges   ${hosted.python_single.toFixed(2)} s   ${(hosted.python_single / hosted.single).toFixed(1)} ×
  Python, 30 runs                ${hosted.python_runs.toFixed(2)} s   ${(hosted.python_runs / hosted.single).toFixed(1)} ×
  Dagma embedded, one run        ${month.seconds.toFixed(2)} s`)
  const many = await embedded('many', 'k0', `k${partitions - 1}`)
  const rate = (seconds: number): string => `${Math.round(partitions / seconds)}/s`
  console.log(`
${partitions} partitions of a trivial asset in one run:
  Dagma in Dagster               ${rate(hosted.many)}, ${hosted.many_grown_mb.toFixed(0)} MB more
  its event store alone          ${rate(hosted.store)}; with engines that are kept ${rate(hosted.store_kept)}
  Dagma embedded                 ${rate(many.seconds)}, ${many.grownMb.toFixed(0)} MB more`)
  return 0
}

async function embedded(job: string, start: string, end: string): Promise<{ readonly seconds: number; readonly grownMb: number }> {
  const projectFolder = mkdtempSync(join(tmpdir(), 'dagma-bench-'))
  const before = process.resourceUsage().maxRSS
  try {
    const began = performance.now()
    const { status } = await materialize(project, { job, partitionKeyRange: { start, end }, projectFolder })
    if (status !== 'SUCCESS') throw new Error(`${job} ended as ${status}.`)
    return { seconds: (performance.now() - began) / 1000, grownMb: (process.resourceUsage().maxRSS - before) / 1024 }
  } finally {
    rmSync(projectFolder, { recursive: true })
  }
}
