/**
 * The embedded engine on 10,000 trivial assets in ten layers, each reporting metadata, every event durable.
 * `npm run bench -- engine`. Figures to beat: 3,000 steps/s with durability `process`; definitions in under 0.5 s.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Asset, asset, type Definitions, type Durability, definitions, materialize, materializeResult } from 'dagma'

const layers = 10
const width = 1000

/** Measures, and prints. */
export async function main(): Promise<number> {
  const began = performance.now()
  const defs = definitions({ assets: declared() })
  console.log(`definitions of ${layers * width} assets: ${seconds(performance.now() - began)}`)
  for (const durability of ['process', 'power'] as const) for (const repeat of [1, 2, 3]) await measure(defs, durability, repeat)
  return 0
}

async function measure(defs: Definitions, durability: Durability, repeat: number): Promise<void> {
  const projectFolder = mkdtempSync(join(tmpdir(), 'dagma-bench-'))
  const start = performance.now()
  const run = await materialize(defs, { projectFolder, durability })
  const took = performance.now() - start
  if (run.status !== 'SUCCESS' || run.materializations.size !== layers * width) throw new Error(`The run ended as ${run.status}.`)
  const perSecond = Math.round((layers * width) / (took / 1000))
  const memory = Math.round(process.memoryUsage.rss() / 2 ** 20)
  console.log(
    `durability ${durability}, run ${repeat}: ${seconds(took)}, ${perSecond} steps/s, ${run.events.length} events, ${memory} MiB resident`,
  )
  rmSync(projectFolder, { recursive: true })
}

function declared(): Asset<number>[] {
  const assets: Asset<number>[] = []
  for (let layer = 0; layer < layers; layer++) {
    for (let index = 0; index < width; index++) {
      const upstream = assets[(layer - 1) * width + index]
      const key = `layer_${layer}/asset_${index}`
      assets.push(
        upstream === undefined
          ? asset({ key, run: () => materializeResult(index, { index }) })
          : asset({
              key,
              inputs: { upstream },
              run: ({ inputs }) => materializeResult(inputs.upstream + 1, { value: inputs.upstream + 1 }),
            }),
      )
    }
  }
  return assets
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`
}
