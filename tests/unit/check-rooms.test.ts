/** The check of who imports whom, on small trees. */
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../packages/dagma/src/test/temporary.ts'
import { importProblems } from '../../scripts/check-rooms.ts'

const core = 'packages/dagma/src'

/** The problems in a tree of these files. */
function problemsOf(files: { readonly [path: string]: string }): string[] {
  return importProblems(temporaryFolder(files))
}

test('an import of a room that is not in the list is refused with file, line and rule', () => {
  const problems = problemsOf({
    [`${core}/definitions/partitions/a.ts`]: `import type { C } from '../time/c.ts'\n\nexport const a: C = 1\nexport type { B } from '../../runtime/step/b.ts'\n`,
    [`${core}/definitions/time/c.ts`]: 'export type C = 1\n',
    [`${core}/runtime/step/b.ts`]: 'export type B = 1\n',
  })
  expect(problems).toEqual([
    expect.stringMatching(
      /^packages\/dagma\/src\/definitions\/partitions\/a\.ts:4 imports packages\/dagma\/src\/runtime\/step\/b\.ts: definitions\/partitions may import errors\.ts, .*\.$/,
    ),
  ])
})

test.each([
  ['of several lines', "import {\n  b,\n} from '../cli/main.ts'"],
  ['of all', "import * as b from '../cli/main.ts'"],
  ['for its effects', "import '../cli/main.ts'"],
  ['when it is needed', "export const b = () => import('../cli/main.ts')"],
  ['of a type in place', "export type B = import('../cli/main.ts').B"],
  ['of an entry point', "export { b } from '../index.ts'"],
  ['of Dagma by its name', "import { asset } from 'dagma'"],
  ['of an integration', "import { qdrant } from '@dagma/qdrant'"],
  ['of tests', "import { b } from '../../../../tests/support/b.ts'"],
])('an import %s is seen', (_, text) => {
  const others = Object.fromEntries([`${core}/cli/main.ts`, `${core}/index.ts`, 'tests/support/b.ts'].map((path) => [path, 'export {}\n']))
  expect(problemsOf({ ...others, [`${core}/engine/a.ts`]: `${text}\n` })).toHaveLength(1)
})

test('a folder that the list does not name is refused', () => {
  const problems = problemsOf({ [`${core}/attic/a.ts`]: "import '../errors.ts'\n", [`${core}/errors.ts`]: 'export {}\n' })
  expect(problems).toEqual([expect.stringContaining('scripts/rooms.ts has no room "attic"')])
})

test('a test may import what its hall may, helpers and entry points', () => {
  const text = (path: string): string => `import '${path}'\n`
  const files = {
    [`${core}/definitions/partitions/a.ts`]: 'export {}\n',
    [`${core}/engine/a.ts`]: 'export {}\n',
    [`${core}/index.ts`]: 'export {}\n',
    [`${core}/test/a.ts`]: 'export {}\n',
  }
  const from = `${core}/definitions/time/a.test.ts`
  expect(problemsOf({ ...files, [from]: `${text('../partitions/a.ts')}${text('../../test/a.ts')}${text('../../index.ts')}` })).toEqual([])
  expect(problemsOf({ ...files, [from]: text('../../engine/a.ts') })).toEqual([
    expect.stringContaining(`${from}:1 imports ${core}/engine/a.ts`),
  ])
})

test('integrations import entry points and their own files only', () => {
  const good = "import 'dagma'\nimport 'dagma/author'\nimport 'dagma/testing'\nimport 'dagma/pipes'\nimport 'zod'\nimport './b.ts'\n"
  const files = {
    'packages/qdrant/src/b.ts': 'export {}\n',
    'packages/mlflow/src/b.ts': 'export {}\n',
    [`${core}/errors.ts`]: 'export {}\n',
  }
  expect(problemsOf({ ...files, 'packages/qdrant/src/a.ts': good })).toEqual([])
  for (const wrong of ['@dagma/mlflow', 'dagma/dist/errors.js', '../../mlflow/src/b.ts', '../../dagma/src/errors.ts'])
    expect(problemsOf({ ...files, 'packages/qdrant/src/a.ts': `import '${wrong}'\n` })).toHaveLength(1)
})

test('the example imports entry points, integrations and its own files only', () => {
  const files = { 'examples/one/src/b.ts': 'export {}\n', 'packages/mlflow/src/b.ts': 'export {}\n' }
  const good = "import 'dagma'\nimport '@dagma/mlflow'\nimport '../src/b.ts'\n"
  expect(problemsOf({ ...files, 'examples/one/src/a.ts': good })).toEqual([])
  for (const wrong of ['@dagma/mlflow/src/b.ts', 'dagma/src/errors.ts', '../../../packages/mlflow/src/b.ts'])
    expect(problemsOf({ ...files, 'examples/one/src/a.ts': `import '${wrong}'\n` })).toHaveLength(1)
})

test('each cycle is reported once, also one of types alone, without what leads to it', () => {
  const problems = problemsOf({
    [`${core}/engine/a.ts`]: "import type { B } from './b.ts'\nexport type A = B\n",
    [`${core}/engine/b.ts`]: "import type { C } from './c.ts'\nexport type B = C\n",
    [`${core}/engine/c.ts`]: "import type { B } from './b.ts'\nexport type C = B\n",
    'packages/qdrant/src/d.ts': "import type { D } from './d.ts'\nexport type E = D\n",
  })
  expect(problems).toHaveLength(2)
  expect(problems).toContainEqual(`These import each other in a cycle: ${core}/engine/b.ts -> ${core}/engine/c.ts -> ${core}/engine/b.ts.`)
  expect(problems).toContainEqual('These import each other in a cycle: packages/qdrant/src/d.ts -> packages/qdrant/src/d.ts.')
})
