/**
 * The packages as they are published: their tarballs are as small as they should be, pass publint and are-the-types-wrong, and install into an empty
 * project, where a job runs. Two copies of dagma in a project are refused. The workflows that publish them, and that new projects have, pass actionlint.
 *   npm run check:packages
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createLinter } from 'actionlint'
import { packageManagers } from '../packages/create-dagma/src/package-managers.ts'
import { writeProject } from '../packages/create-dagma/src/write-project.ts'
import { packAll } from './pack.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'dagma-packages-'))

try {
  const tarballs = await packAll(join(folder, 'tarballs'))
  for (const tarball of tarballs) {
    expectSize(tarball)
    run(join(root, 'node_modules/.bin/publint'), ['--strict', tarball])
    if (basename(tarball).startsWith('create-')) continue // nothing is imported of it
    run(join(root, 'node_modules/.bin/attw'), ['--profile', 'esm-only', '--format', 'ascii', tarball])
  }
  await lintWorkflows()
  useAsNewcomer(tarballs)
  console.log(`${tarballs.length} packages are good.`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Kilobytes that a tarball may have, 40 where nothing else is said. A change that needs more says why. */
function expectSize(tarball) {
  const limits = { dagma: 560, 'dagma-qdrant': 50 } // the local store answers what a Qdrant server answers
  const limit = limits[basename(tarball).replace(/-\d.*/, '')] ?? 40
  const size = Math.ceil(statSync(tarball).size / 1000)
  console.log(`${basename(tarball)}: ${size} kB of at most ${limit} kB`)
  if (size > limit) throw new Error(`${basename(tarball)} has ${size} kB`)
}

async function lintWorkflows() {
  const files = Object.keys(packageManagers).map((packageManager) => {
    const project = join(folder, packageManager)
    writeProject({
      folder: project,
      template: 'minimal',
      packageManager,
      packageManagerVersion: '',
      isInWorkspace: false,
      nodePackage: false,
    })
    return join(project, '.github/workflows/ci.yml')
  })
  const lint = await createLinter()
  const faults = [join(root, '.github/workflows/release.yml'), ...files].flatMap((file) => lint(readFileSync(file, 'utf8'), file))
  if (faults.length > 0) throw new Error(faults.map(({ file, line, message }) => `${file}:${line}: ${message}`).join('\n'))
}

/** An empty project outside of the repository. */
function useAsNewcomer(tarballs) {
  const project = join(folder, 'project')
  mkdirSync(join(project, 'src'), { recursive: true })
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ name: 'shop', type: 'module', private: true, dagma: { definitions: 'src/definitions.ts' } }),
  )
  writeFileSync(
    join(project, 'src/definitions.ts'),
    `import { qdrant } from '@dagma/qdrant'
import { asset, definitions, job, materializeResult } from 'dagma'
const raw = asset({ key: 'raw', run: () => [1, 2, 3] })
const stored = asset({
  key: 'stored', inputs: { raw }, resources: { qdrant },
  run: async ({ inputs, resources }) => {
    await resources.qdrant.ensureCollection({ size: 3 })
    const { points } = await resources.qdrant.upsert([{ id: 1, vector: inputs.raw }])
    return materializeResult(points, { metadata: { points_count: points, backend: resources.qdrant.backend } })
  },
})
export default definitions({ assets: [raw, stored], jobs: [job({ name: 'shop_job', selection: [raw, stored] })], resources: { qdrant: qdrant({ collection: 'c' }) } })
`,
  )
  run('npm', ['install', '--silent', '--no-audit', '--no-fund', ...tarballs], project)
  run(process.execPath, ['node_modules/dagma/bin/dagma.js', 'job', 'launch', '-j', 'shop_job'], project)
  const doors = ['dagma/testing', 'dagma/pipes', 'dagma/author', 'dagma/evaluation', '@dagma/langflow', '@dagma/mlflow', '@dagma/ai']
  run(process.execPath, ['--input-type=module', '-e', doors.map((door) => `await import('${door}')`).join(';')], project)
  expectOneCopy(project)
}

/** An integration with a copy of dagma of its own, as npm nests it when versions differ. */
function expectOneCopy(project) {
  const nested = join(project, 'node_modules/@dagma/qdrant/node_modules/dagma')
  cpSync(join(project, 'node_modules/dagma'), nested, { recursive: true })
  const { stderr, status } = spawnSync(process.execPath, ['node_modules/dagma/bin/dagma.js', 'definitions', 'validate'], {
    cwd: project,
    encoding: 'utf8',
  })
  if (status !== 2 || !stderr.includes('[DAGMA_TWO_COPIES]') || !stderr.includes(nested))
    throw new Error(`two copies were not refused: ${stderr}`)
}

function run(command, args, cwd = root) {
  execFileSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] })
}
