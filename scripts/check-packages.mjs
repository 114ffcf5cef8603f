/**
 * The packages as npm would publish them: their tarballs pass publint and are-the-types-wrong, and install into an empty project, where a job runs.
 *   npm run check:packages
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'dagma-packages-'))

try {
  const tarballs = pack()
  for (const tarball of tarballs) {
    run(join(root, 'node_modules/.bin/publint'), ['--strict', tarball])
    run(join(root, 'node_modules/.bin/attw'), ['--profile', 'esm-only', '--format', 'ascii', tarball])
  }
  useAsNewcomer(tarballs)
  console.log(`${tarballs.length} packages are good.`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function pack() {
  for (const name of readdirSync(join(root, 'packages'))) {
    run('npm', ['pack', '--silent', '--pack-destination', folder], join(root, 'packages', name))
  }
  return readdirSync(folder).map((file) => join(folder, file))
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
  const doors = ['dagma/testing', 'dagma/pipes', 'dagma/author', '@dagma/langflow', '@dagma/mlflow']
  run(process.execPath, ['--input-type=module', '-e', doors.map((door) => `await import('${door}')`).join(';')], project)
}

function run(command, args, cwd = root) {
  execFileSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] })
}
