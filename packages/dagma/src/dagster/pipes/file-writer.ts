import { appendFileSync } from 'node:fs'
import { deliveryFailed } from './delivery-failed.ts'
import type { PipesMessageWriter } from './protocol.ts'

/** Appends each message to a file immediately. */
export function fileWriter(path: string): PipesMessageWriter {
  return {
    write: (line) => {
      try {
        appendFileSync(path, `${line}\n`)
      } catch (error) {
        throw deliveryFailed(error)
      }
    },
    close: async () => {},
  }
}
