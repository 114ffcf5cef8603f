import { type DagmaError, dagmaError } from '../../errors.ts'
import { keyText, stepName } from '../assets/asset-key.ts'
import type { Declared } from '../model.ts'
import { type Located, placeText } from './place.ts'
import { isReserved, isReservedForJobs } from './reserved-names.ts'

/** Checks that Dagster takes each name, and each name made from a key; what is wrong goes into `errors`. */
export function checkNames({ graph, jobs, schedules, sensors }: Declared, errors: DagmaError[]): void {
  const expectFree = (what: string, key: string, name: string, item: Located, refused = isReserved): void => {
    if (refused(name))
      errors.push(dagmaError('DAGMA_NAME_RESERVED', { subject: `${what} "${key}"${placeText(item)}`, name, isOwn: key === name }))
  }
  for (const node of graph.assets.values()) expectFree('Asset', keyText(node.key), stepName(node.key), node)
  for (const step of graph.steps.values()) {
    if (step.partNames !== undefined) expectFree('Multi-asset', step.name, step.name, step)
    for (const { asset, name } of step.checks) expectFree('Check', `${keyText(asset)}:${name}`, `${stepName(asset)}_${name}`, step)
  }
  for (const job of jobs) expectFree('Job', job.name, job.name, job, isReservedForJobs)
  for (const schedule of schedules) expectFree('Schedule', schedule.name, schedule.name, schedule)
  for (const sensor of sensors) expectFree('Sensor', sensor.name, sensor.name, sensor)
  expectApart(jobs, [...graph.steps.values()], errors)
  expectApart(schedules, sensors, errors)
}

/** Dagster keeps the names of both lists in one place. */
function expectApart(some: readonly Named[], others: readonly Named[], errors: DagmaError[]): void {
  const byName = new Map(some.map((one) => [one.name, one]))
  for (const other of others) {
    const one = byName.get(other.name)
    if (one === undefined) continue
    const places = [one, other].map((item) => placeText(item).slice(2, -1)).filter((place) => place !== '')
    errors.push(dagmaError('DAGMA_KEY_DUPLICATE', { what: 'definition', key: other.name, places }))
  }
}

interface Named extends Located {
  readonly name: string
}
