/** Runs the project of items in the folder that is the first argument, or retries a run of it, until it is killed. */
import { materialize, retryRun } from 'dagma'
import { itemsProject } from './items-project.ts'

const [projectFolder = '', batch = '', runId] = process.argv.slice(2)
const project = itemsProject(Number(batch))
const run = runId === undefined ? await materialize(project, { projectFolder }) : await retryRun(project, runId, { projectFolder })
if (run.status !== 'SUCCESS') throw new Error(JSON.stringify(run.events.find(({ type }) => type === 'STEP_FAILURE')))
