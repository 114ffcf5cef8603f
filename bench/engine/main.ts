/**
 * The embedded engine on 10,000 trivial assets in ten layers, each reporting metadata, every event durable.
 * `npm run bench -- engine`. Figures to beat: 3,000 steps/s with durability `process`; definitions in under 0.5 s.
 *
 * Each round begins with what the file system alone takes to make as many files, as a value is made: written beside its place, and renamed.
 * An ext4 without a journal passes by each inode that was deleted in the last minutes, and is many times slower while it does
 * (`recently_deleted` in the kernel's fs/ext4/ialloc.c). So nothing is deleted before the end, and a second start may be slower than the first.
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Asset, asset, type Definitions, definitions, type MaterializeOptions, materialize, materializeResult } from 'dagma'

const layers = 10
const width = 1000

/** Measures, and prints. */
export async function main(): Promise<number> {
  const began = performance.now()
  const defs = definitions({ assets: declared() })
  console.log(`definitions of ${layers * width} assets: ${seconds(performance.now() - began)}`)
  const folder = mkdtempSync(join(tmpdir(), 'dagma-bench-'))
  try {
    for (const durability of ['process', 'power'] as const) {
      for (const repeat of [1, 2, 3]) {
        bareFiles(join(folder, `files-${durability}-${repeat}`))
        await measure(defs, durability, join(folder, `${durability}-${repeat}`), repeat)
      }
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  return 0
}

function bareFiles(folder: string): void {
  const start = performance.now()
  mkdirSync(folder)
  for (let index = 0; index < layers * width; index++) {
    const file = join(folder, `asset_${index}.json`)
    writeFileSync(`${file}.tmp`, String(index))
    renameSync(`${file}.tmp`, file)
  }
  console.log(`${layers * width} bare files: ${seconds(performance.now() - start)}`)
}

async function measure(
  defs: Definitions,
  durability: NonNullable<MaterializeOptions['durability']>,
  projectFolder: string,
  repeat: number,
): Promise<void> {
  mkdirSync(projectFolder)
  const start = performance.now()
  const run = await materialize(defs, { projectFolder, durability })
  const took = performance.now() - start
  if (run.status !== 'SUCCESS' || run.materializations.size !== layers * width) throw new Error(`The run ended as ${run.status}.`)
  const perSecond = Math.round((layers * width) / (took / 1000))
  const memory = Math.round(process.memoryUsage.rss() / 2 ** 20)
  console.log(
    `durability ${durability}, run ${repeat}: ${seconds(took)}, ${perSecond} steps/s, ${run.events.length} events, ${memory} MiB resident`,
  )
}

function declared(): Asset<number>[] {
  const assets: Asset<number>[] = []
  for (let layer = 0; layer < layers; layer++) {
    for (let index = 0; index < width; index++) {
      const upstream = assets[(layer - 1) * width + index]
      const key = `layer_${layer}/asset_${index}`
      assets.push(
        upstream === undefined
          ? asset({ key, run: () => materializeResult(index, { metadata: { index } }) })
          : asset({
              key,
              inputs: { upstream },
              run: ({ inputs }) => materializeResult(inputs.upstream + 1, { metadata: { value: inputs.upstream + 1 } }),
            }),
      )
    }
  }
  return assets
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`
}
