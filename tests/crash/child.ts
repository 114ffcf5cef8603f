/** Runs the project in the folder that is the first argument, and kills itself at the named instant, at its nth time; or is killed. */
import { writeSync } from 'node:fs'
import { materialize } from 'dagma'
import { type Point, points, project } from './project.ts'

const [folder = '', point = '', nth = '0'] = process.argv.slice(2)
let left = Number(nth)

function at(reached: Point): void {
  if (reached === point && --left === 0) process.kill(process.pid, 'SIGKILL')
}

const definitions = project(folder, at)
writeSync(1, 'ready\n')
await materialize(definitions, {
  projectFolder: folder,
  concurrency: 3,
  onEvent: (event) => {
    writeSync(1, `${JSON.stringify(event)}\n`) // acknowledged from here on
    const named = points.find((one) => one === event.type)
    if (named !== undefined) at(named)
  },
})
