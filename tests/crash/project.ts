import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Asset, asset, type Definitions, definitions, type IOManager, jsonFileIOManager, materializeResult } from 'dagma'

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

const width = 4

/** How many assets the project has. */
export const assetCount = 16

/** The expected value of the asset a<index>. Most values are small, some larger than SQLite's and the file system's pages, one has 5 MB. */
export function expectedValue(index: number): Value {
  return {
    value: (index % width) + Math.floor(index / width),
    padding: 'x'.repeat([10, 1_000, 100_000][index % 3] ?? 0) + (index === 6 ? 'y'.repeat(5_000_000) : ''),
  }
}

interface Value {
  readonly value: number
  readonly padding: string
}

/**
 * A project of 16 quick assets, each depending on the one four before it. `at` is notified of the instants; every call to a function leaves a line
 * in `ran.txt`.
 */
export function project(folder: string, at: (point: Point) => void = () => {}): Definitions {
  const assets: Asset<Value>[] = []
  for (let index = 0; index < assetCount; index++) {
    const key = `a${index}`
    const upstream = assets[index - width]
    const make = async (runId: string, value: number) => {
      appendFileSync(join(folder, 'ran.txt'), `${runId} ${key}\n`)
      at('run')
      await new Promise((resolve) => setTimeout(resolve, index % 3))
      return materializeResult({ ...expectedValue(index), value }, { metadata: { value } })
    }
    assets.push(
      upstream === undefined
        ? asset({ key, run: ({ runId }) => make(runId, index) })
        : asset({ key, inputs: { upstream }, run: ({ runId, inputs }) => make(runId, inputs.upstream.value + 1) }),
    )
  }
  return definitions({ assets, ioManagers: { default: notifying(jsonFileIOManager(join(folder, 'values')), at) } })
}

function notifying(manager: IOManager, at: (point: Point) => void): IOManager {
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
