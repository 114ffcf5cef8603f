/**
 * The way of a new user from a registry: the packages are published to Verdaccio, and then a project is created, installed, tested and run from it, on
 * the embedded engine and in Dagster; with pnpm, yarn and bun on the embedded engine. Prints how long that takes. The registry that npm is set to serves
 * what is not ours.
 *   npm run check:packages
 */
import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { packAll } from './pack.ts'
import { publishAll } from './publish.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'dagma-registry-'))
const began = performance.now()
const ending = new AbortController()

try {
  const tarballs = await packAll(join(folder, 'tarballs'))
  const registry = await startRegistry()
  const npmrc = join(folder, 'npmrc')
  writeFileSync(npmrc, `registry=${registry}\n${registry.replace('http:', '')}:_authToken=nobody\n`)
  const env = {
    ...process.env,
    npm_config_userconfig: npmrc,
    npm_config_registry: registry,
    npm_config_audit: 'false',
    npm_config_fund: 'false',
  }
  const run = (cwd: string, command: string, ...args: string[]): string =>
    execFileSync(command, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  const published = await publishAll(tarballs, ['--silent'], env)
  if (published.length !== tarballs.length || published[0] !== 'dagma' || published.at(-1) !== 'create-dagma')
    throw new Error(`published in another order: ${published}`)
  if ((await publishAll(tarballs, ['--silent'], env)).length > 0) throw new Error('What is in the registry was published again.')
  printTime('published to a registry')

  const home = join(folder, 'A new user’s folder')
  mkdirSync(home)
  const start = performance.now()
  run(home, 'npm', 'create', '--yes', 'dagma@latest', 'shop', '--', '--template', 'rag', '--yes')
  const project = join(home, 'shop')
  run(project, 'npm', 'run', '--silent', 'check')
  run(project, 'npm', 'test', '--silent')
  expectText(run(project, 'npx', 'dagma', 'job', 'launch', '-j', 'rag_job'), 'SUCCESS in')
  printTime('created, installed, tested, and run on the embedded engine', start)

  const exports = run(project, 'npx', 'dagma', 'dev', '--check')
  run(project, 'sh', '-c', `${exports}\ndagster job execute -m dagma.definitions -j rag_job 2>&1`)
  printTime('run in Dagster', start)
  expectUsersFramesOnly(project)

  const others = performance.now()
  await useOtherPackageManagers(home, registry, env)
  printTime('created, installed, tested, and run with pnpm, yarn and bun', others)
  installWheel(run)
} finally {
  ending.abort()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
}

/** Verdaccio on a free port. @returns its address, with "/" at the end */
async function startRegistry(): Promise<string> {
  const upstream = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim()
  const port = await freePort()
  const config = join(folder, 'verdaccio.yaml')
  const ours = '{ access: $all, publish: $all, unpublish: $all }'
  writeFileSync(
    config,
    `storage: ${join(folder, 'storage')}
auth: { htpasswd: { file: ${join(folder, 'htpasswd')} } }
uplinks: { upstream: { url: "${upstream}" } }
packages: { 'dagma': ${ours}, '@dagma/*': ${ours}, 'create-dagma': ${ours}, '**': { access: $all, proxy: upstream } }
max_body_size: 50mb
log: { type: stderr, level: error }
`,
  )
  const program = join(root, 'node_modules/verdaccio/bin/verdaccio')
  const child = spawn(process.execPath, [program, '--config', config, '--listen', `127.0.0.1:${port}`], {
    stdio: ['ignore', 'ignore', 'inherit'],
    signal: ending.signal,
  })
  child.on('error', (error) => ending.signal.aborted || console.error(error))
  const address = `http://127.0.0.1:${port}/`
  while (!(await fetch(`${address}-/ping`).catch(() => undefined))?.ok) {
    if (child.exitCode !== null) throw new Error(`Verdaccio ended with ${child.exitCode}.`)
    await sleep(100)
  }
  return address
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** The Python package, from its own index, under its name. */
function installWheel(run: (cwd: string, command: string, ...args: string[]) => string): void {
  const wheels = join(root, 'packages/dagma/python')
  run(folder, 'python3', '-m', 'venv', 'venv')
  const pip = join(folder, 'venv/bin/pip')
  run(folder, pip, 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--no-index', '--find-links', wheels, 'dagster-dagma')
  const [wheel = ''] = readdirSync(wheels).filter((file) => file.endsWith('.whl'))
  const version = wheel.split('-')[1] ?? ''
  expectText(run(folder, pip, '--disable-pip-version-check', 'show', 'dagster-dagma'), `Version: ${version}\n`)
}

/** Each creates, installs, tests and runs a project with its own commands: pnpm alone, bun in a workspace, yarn in another. */
async function useOtherPackageManagers(home: string, registry: string, env: NodeJS.ProcessEnv): Promise<void> {
  const managers = join(folder, 'managers')
  cpSync(join(root, 'scripts/test-services/package-managers'), managers, { recursive: true })
  execFileSync('npm', ['ci', '--silent'], { cwd: managers, env, stdio: 'inherit' })
  const own = {
    ...env,
    PATH: `${join(managers, 'node_modules/.bin')}${delimiter}${process.env.PATH}`,
    BUN_INSTALL_CACHE_DIR: join(folder, 'bun'),
    YARN_GLOBAL_FOLDER: join(folder, 'yarn'),
    YARN_NPM_REGISTRY_SERVER: registry,
    YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
    YARN_NPM_MINIMAL_AGE_GATE: '0', // what was published this minute
  }
  const create = ['dagma', '--template', 'minimal', '--yes']
  await Promise.all(
    [
      { manager: 'pnpm', create: ['create', ...create], exec: ['exec'] },
      { manager: 'yarn', create: ['dlx', `create-${create[0]}`, ...create.slice(1)], exec: [] },
      { manager: 'bun', create: ['create', ...create], exec: ['x', '--no-install'] },
    ].map(async ({ manager, create, exec }) => {
      const parent = join(home, manager)
      mkdirSync(parent)
      if (manager !== 'pnpm') writeFileSync(join(parent, 'package.json'), JSON.stringify({ private: true, workspaces: ['*'] }))
      if (manager === 'yarn') writeFileSync(join(parent, '.yarnrc.yml'), 'nodeLinker: node-modules\n')
      const run = async (cwd: string, ...args: string[]): Promise<string> =>
        (await promisify(execFile)(manager, args, { cwd, env: own })).stdout
      await run(parent, ...create, 'shop')
      const project = join(parent, 'shop')
      await run(project, 'run', 'test')
      expectText(await run(project, ...exec, 'dagma', 'job', 'launch', '-j', 'shop_job'), 'SUCCESS in')
    }),
  )
}

/** The stack of an error while definitions load has the user's lines, and none of the package's, whatever letters the folder's name has. */
function expectUsersFramesOnly(project: string): void {
  writeFileSync(join(project, 'src/definitions.ts'), "const read = () => {\n  throw new Error('no file')\n}\nread()\n")
  const { stderr } = spawnSync('npx', ['dagma', 'definitions', 'validate'], { cwd: project, encoding: 'utf8' })
  expectText(stderr, 'definitions.ts:2')
  if (stderr.includes('node_modules/dagma')) throw new Error(`the stack has frames of the package: ${stderr}`)
}

function expectText(output: string, text: string): void {
  if (!output.includes(text)) throw new Error(`there is no "${text}" in: ${output}`)
}

function printTime(what: string, since = began): void {
  console.log(`${((performance.now() - since) / 1000).toFixed(0).padStart(4)} s  ${what}`)
}
