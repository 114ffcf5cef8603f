import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Asset, asset, type Definitions, definitions, fileIOManager, type IOManager, materializeResult } from 'dagma'

/** Instants at which the child kills itself: those that the engine's public doors let through. */
export const points = [
  'run',
  'handleOutput:before',
  'handleOutput:after',
  'RUN_START',
  'STEP_START',
  'ASSET_MATERIALIZATION',
  'STEP_SUCCESS',
  'RUN_SUCCESS',
] as const

export type Point = (typeof points)[number]

const layers = 4
const width = 4

/** A project of 16 quick assets, each made from one before it. `at` is told of the instants; every run of a function leaves a line in `ran.txt`. */
export function project(folder: string, at: (point: Point) => void = () => {}): Definitions {
  const assets: Asset<number>[] = []
  for (let index = 0; index < layers * width; index++) {
    const key = `a${index}`
    const upstream = assets[index - width]
    const work = (value: number) => async () => {
      appendFileSync(join(folder, 'ran.txt'), `${key}\n`)
      at('run')
      await new Promise((resolve) => setTimeout(resolve, index % 3))
      return materializeResult(value, { value })
    }
    assets.push(
      upstream === undefined
        ? asset({ key, run: work(index) })
        : asset({ key, inputs: { upstream }, run: ({ inputs }) => work(inputs.upstream + 1)() }),
    )
  }
  return definitions({ assets, ioManagers: { default: telling(fileIOManager(join(folder, 'values')), at) } })
}

function telling(manager: IOManager, at: (point: Point) => void): IOManager {
  return {
    loadInput: (context) => manager.loadInput(context),
    async handleOutput(context, value) {
      at('handleOutput:before')
      const stored = await manager.handleOutput(context, value)
      at('handleOutput:after')
      return stored
    },
  }
}
