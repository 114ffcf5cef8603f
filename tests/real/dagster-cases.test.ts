/** Random partitions, mappings and schedules give in Dagma what they give in the real Dagster. More of them: scripts/compare-with-dagster.ts. */

import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type DagsterCases, differences } from '../../packages/dagma/src/test/dagster-cases.ts'
import { lacks, needsPython } from '../support/needs.ts'
import { repository } from '../support/repository.ts'
import { smallProject } from '../support/test-project.ts'

const [seed, cases] = ['20261128', '120']

test.skipIf(lacks(needsPython()))(
  `seed ${seed}: windows, keys, mappings, ticks and schedules for partitions are those of Dagster`,
  async () => {
    using project = smallProject("import { definitions } from 'dagma'\nexport default definitions({ assets: [] })\n")
    const script = join(repository, 'scripts', 'random', 'partitions.py')
    const { code, stdout, stderr } = await project.python('python', [script, seed, cases])
    expect(code, stderr).toBe(0)
    const found = JSON.parse(stdout) as DagsterCases
    for (const kind of [found.windows, found.mappings, found.ticks, found.schedules]) expect(kind.length).toBeGreaterThan(80)
    expect(differences(found)).toEqual([])
  },
)
