/**
 * Brings a checkout into a state in which the other npm scripts can run; quick when nothing is missing.
 *   node scripts/setup.mjs            packages installed, TypeScript built
 *   node scripts/setup.mjs --python   and the wheel of python/ built into the npm package
 *   node scripts/setup.mjs --tests    and .venv/ and .venv-oldest/, in which the tests of python/ run
 * Runs on any Node that npm 10 runs on: the pinned Node may not be there yet.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)

installPackages()
run(join(root, 'node_modules/.bin/tsc'), ['--build'])
const forTests = process.argv.includes('--tests')
if (forTests && process.env.CI !== 'true' && !works('uv') && !works('python3')) {
  console.error('There is neither python3 nor uv: the tests that need Python are skipped.')
} else {
  if (forTests || process.argv.includes('--python')) buildWheel()
  if (forTests) {
    makeTestEnvironment('.venv', ['python/requirements.txt', 'python/requirements-dev.txt'])
    // That Dagster asks for a Python below 3.13, though it runs on newer ones. uv takes no notice of that by itself.
    makeTestEnvironment('.venv-oldest', ['python/requirements-oldest.txt'], ['--ignore-requires-python'])
  }
}

function installPackages() {
  const installed = 'node_modules/.package-lock.json'
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync('package-lock.json').mtimeMs) return
  console.error('Installing packages …')
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
}

/** The wheel travels inside the npm package, with the locked requirements of the environment that `dagma dev` makes. */
function buildWheel() {
  const target = 'packages/dagma/python'
  const stamp = join(target, 'sources.sha256')
  const digest = digestOf(['python/pyproject.toml', 'python/README.md', 'python/requirements.txt', ...filesBelow('python/src')])
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return
  console.error('Building the Python wheel …')
  rmSync(target, { recursive: true, force: true })
  mkdirSync(target, { recursive: true })
  if (works('uv')) run('uv', ['build', '--quiet', '--wheel', '--out-dir', target, 'python'])
  else {
    const builder = '.dagma/wheel-builder'
    run('python3', ['-m', 'venv', builder])
    run(join(builder, 'bin/pip'), ['wheel', '--quiet', '--disable-pip-version-check', '--no-deps', '--wheel-dir', target, './python'])
  }
  rmSync(join(target, '.gitignore'), { force: true })
  copyFileSync('python/requirements.txt', join(target, 'requirements.txt'))
  writeFileSync(stamp, digest)
}

/** A Python environment with what is locked in `lists`: Dagster, and the tools of python/. */
function makeTestEnvironment(folder, lists, pipOptions = []) {
  const stamp = join(folder, 'requirements.sha256')
  const digest = digestOf(lists)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return
  console.error(`Making ${folder}/ for the tests of python/ …`)
  rmSync(folder, { recursive: true, force: true })
  const wanted = ['--require-hashes', ...lists.flatMap((list) => ['-r', list])]
  if (works('uv')) {
    run('uv', ['venv', '--quiet', '--python', '>=3.10', folder])
    run('uv', ['pip', 'install', '--quiet', '--python', join(folder, 'bin/python'), ...wanted])
  } else {
    run('python3', ['-m', 'venv', folder])
    run(join(folder, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', ...pipOptions, ...wanted])
  }
  writeFileSync(stamp, digest)
}

function digestOf(files) {
  const hash = createHash('sha256')
  for (const file of files.filter((file) => !file.includes('__pycache__')).sort()) hash.update(file).update(readFileSync(file))
  return hash.digest('hex')
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? filesBelow(path) : [path]
  })
}

function works(command) {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function run(command, args) {
  try {
    execFileSync(command, args, { stdio: ['ignore', 2, 2] })
  } catch (error) {
    console.error(`Set-up stopped: \`${command} ${args.join(' ')}\` ended with ${error.status ?? error.message}.`)
    process.exit(1)
  }
}
