/**
 * Random cases against the real Dagster, many more than the tests try: projects, names and other texts, config, `.env` files,
 * and, with the newest Dagster, partitions, mappings and ticks.
 *
 *     node scripts/compare-with-dagster.ts [--cases 20000] [--seed 7] [--oldest]
 *
 * It prints the seed, which makes a failure repeatable, and ends with what differs. Needs what `npm test` sets up.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { comparePartitions } from './random/partitions.ts'

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    oldest: { type: 'boolean', default: false },
  },
})
const root = fileURLToPath(new URL('..', import.meta.url))
const pytest = `${root}${values.oldest ? '.venv-oldest' : '.venv'}/bin/pytest`
console.log(`node scripts/compare-with-dagster.ts --cases ${values.cases} --seed ${values.seed}${values.oldest ? ' --oldest' : ''}`)
const { status, error } = spawnSync(
  pytest,
  ['-q', 'tests/test_random_projects.py', 'tests/test_config_defaults.py', 'tests/test_random_texts.py', 'tests/test_dotenv.py'],
  {
    cwd: `${root}python`,
    stdio: 'inherit',
    env: { ...process.env, DAGMA_RANDOM_CASES: values.cases, DAGMA_RANDOM_SEED: values.seed },
  },
)
if (error) console.error(error.message)
const differences = values.oldest ? 0 : comparePartitions(`${root}.venv/bin/python`, Number(values.seed), Number(values.cases))
process.exitCode = status === 0 && differences === 0 ? 0 : 1
