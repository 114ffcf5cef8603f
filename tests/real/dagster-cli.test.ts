import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DagsterRun, dagsterRuns } from '../support/dagster-instance.ts'
import { lacks, needsPython } from '../support/needs.ts'
import { type Finished, run } from '../support/processes.ts'
import { repository } from '../support/repository.ts'
import { platformProject, type TestProject } from '../support/test-project.ts'

const assets = [
  'answer_question',
  'embed_texts_stub',
  'langflow_run_flow',
  'qdrant_search',
  'qdrant_upsert',
  'raw_numbers',
  'sum_numbers',
  'train_model_stub',
]

describe.skipIf(lacks(needsPython()))('the dagster command line', () => {
  let project: TestProject
  let runs: DagsterRun[] = []

  /** The steps of a person: evaluate the lines that `--check` prints in a shell, and continue in it. */
  const inShell = (command: string): Promise<Finished> =>
    run('bash', ['-ec', `eval "$(dagma dev --check)"\n${command}`], { cwd: project.folder, withinMs: 180_000 })

  beforeAll(() => {
    project = platformProject()
  })
  afterAll(() => project?.[Symbol.dispose]())

  it('is set up by `npm run dev -- --check`, which starts nothing and prints two lines for a shell', async () => {
    const { code, stdout, stderr } = await run('npm', ['run', '--silent', 'dev', '--', '--check'], { cwd: repository })
    expect(code, stderr).toBe(0)
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^export DAGSTER_HOME='?\/.*\/examples\/platform\/\.dagma\/dagster-home'?$/),
      expect.stringMatching(/^export PATH='?\/.*\/examples\/platform\/\.dagma\/python\/bin'?:.*"\$PATH"$/),
      '',
    ])
    const used = await run('bash', ['-ec', `${stdout}command -v dagster`], { cwd: repository })
    expect(used.stdout).toMatch(/\/examples\/platform\/\.dagma\/python\/bin\/dagster$/m)
  })

  it('asset list', async () => {
    const { code, stdout, stderr } = await inShell('dagster asset list -m dagma.definitions')
    expect(code, stderr).toBe(0)
    expect(stdout.trim().split('\n').sort()).toEqual(assets)
  })

  it.each([
    ['dagster asset materialize --select raw_numbers,sum_numbers -m dagma.definitions', ['raw_numbers', 'sum_numbers']],
    ['dagster job launch -j run_llm_rag_job -m dagma.definitions', ['embed_texts_stub', 'qdrant_search', 'qdrant_upsert']],
    ['dagster job launch -j run_models_train_job -m dagma.definitions', ['train_model_stub']],
  ])('%s', async (command, made) => {
    const { code, stderr } = await inShell(command)
    expect(code, stderr).toBe(0)
    const known = new Set(runs.map(({ run_id }) => run_id))
    runs = await untilEnded(project)
    const [added, ...others] = runs.filter(({ run_id }) => !known.has(run_id))
    expect(others).toEqual([])
    expect(added?.status).toBe('SUCCESS')
    expect(added?.events.flatMap((event) => (event.type === 'ASSET_MATERIALIZATION' ? [event.asset] : [])).sort()).toEqual(made)
  })

  it('says at once what is wrong', async () => {
    const unknown = await inShell('dagster job launch -j no_such_job -m dagma.definitions')
    expect(unknown.code).not.toBe(0)
    expect(unknown.stdout + unknown.stderr).toContain('no_such_job')
  })
})

/** `dagster job launch` comes back when the run has started, in its own process. */
async function untilEnded(project: TestProject): Promise<DagsterRun[]> {
  for (const deadline = Date.now() + 60_000; ; ) {
    const runs = await dagsterRuns(project)
    if (Date.now() > deadline || runs.every(({ status }) => ['SUCCESS', 'FAILURE', 'CANCELED'].includes(status))) return runs
  }
}
