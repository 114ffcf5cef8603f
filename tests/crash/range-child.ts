/** Makes the range of partitions of the project in the folder that is the first argument, until it is killed. */
import { writeSync } from 'node:fs'
import { materialize } from 'dagma'
import { range, rangeProject } from './range-project.ts'

const [folder = ''] = process.argv.slice(2)
writeSync(1, 'ready\n')
await materialize(rangeProject(), {
  projectFolder: folder,
  partitionKeyRange: range,
  onEvent: (event) => void writeSync(1, `${JSON.stringify(event)}\n`), // acknowledged from here on
})
