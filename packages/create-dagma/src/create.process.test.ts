/** Each template, written as a user gets it, type-checks, passes its own tests and has valid definitions. */
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { workspaceOf } from './workspace.ts'
import { packageName, templates } from './write-project.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
// Inside the repository, so that packages are found; ignored by git.
const output = join(root, 'test-output', 'create')
const program = join(root, 'packages/create-dagma/bin/create-dagma.js')
const create = (args: readonly string[], cwd = output, env: NodeJS.ProcessEnv = {}) =>
  spawnSync(process.execPath, [program, ...args, '--no-install'], { cwd, encoding: 'utf8', env: { ...process.env, ...env } })
const read = (...path: string[]): string => readFileSync(join(output, ...path), 'utf8')

beforeAll(() => {
  rmSync(output, { recursive: true, force: true })
  mkdirSync(output, { recursive: true })
})

test.concurrent.each(Object.keys(templates))('%s', async (template) => {
  const name = `Das ${template} für 明`
  const { stdout, status } = create([name, '--template', template])
  expect([status, stdout]).toEqual([0, expect.stringContaining('npm run test')])
  const cwd = join(output, name)
  const env: NodeJS.ProcessEnv = { ...process.env, NODE_TEST_CONTEXT: undefined, SHOP_URL: undefined }
  const run = (...args: string[]) => promisify(execFile)(process.execPath, args, { cwd, env })
  const [, tests, validated] = await Promise.all([
    run(join(root, 'node_modules/typescript/bin/tsc')),
    run('--test', 'tests/**/*.test.ts'),
    run(join(root, 'packages/dagma/bin/dagma.js'), 'definitions', 'validate'),
  ])
  expect(tests.stdout).toMatch(/pass [1-9]/)
  expect(validated.stdout).toContain('Definitions are valid')
  for (const file of ['README.md', 'AGENTS.md', 'Dockerfile', '.github/workflows/ci.yml'])
    expect(read(name, file)).not.toMatch(/\{\{\w+\}\}/)
  expect(read(name, '.gitignore')).toContain('.env\n')
  // What the image runs, as its CMD has it, and what AGENTS.md says.
  const command: string[] = JSON.parse(/^CMD (.+)$/m.exec(read(name, 'Dockerfile'))?.[1] ?? '')
  const launch = /dagma (job launch [^`]+)/.exec(read(name, 'AGENTS.md'))?.[1]?.split(' ') ?? []
  for (const args of [
    [...command.slice(1), ...(command.includes('--missing') ? ['--partition-range', '2026-01-03...2026-01-04'] : [])],
    launch,
  ])
    expect((await run(join(root, 'packages/dagma/bin/dagma.js'), ...args)).stdout).toContain('SUCCESS in')
  if (template === 'rag') expect((await run('src/ask.ts', 'How strong is filter coffee?')).stdout).toContain('coffee.md: ')
})

describe('the package manager that runs it', () => {
  test.each([
    ['npm/11.1.0 node/v24', ['npm ci', 'npx dagma build'], undefined],
    ['pnpm/10.2.0 npm/? node/v24', ['corepack enable', 'pnpm install --frozen-lockfile', 'pnpm exec dagma build'], 'pnpm@10.2.0'],
    ['yarn/4.6.0 npm/? node/v24', ['yarn install --immutable', 'yarn dagma build'], 'yarn@4.6.0'],
    ['bun/1.2.0 npm/? node/v24', ['bun install --frozen-lockfile', 'bunx dagma build'], undefined],
  ])('%s', (agent, commands, packageManager) => {
    const name = agent.replace(/\/.*/, '')
    expect(create([name], output, { npm_config_user_agent: agent }).status).toBe(0)
    for (const command of commands) expect(read(name, '.github/workflows/ci.yml')).toContain(`run: ${command}`)
    expect(JSON.parse(read(name, 'package.json')).packageManager).toBe(packageManager)
    expect(existsSync(join(output, name, '.yarnrc.yml'))).toBe(name === 'yarn')
  })
})

test('in a workspace the project is a part of it; a folder that its patterns leave out is warned of', () => {
  const monorepo = join(output, 'monorepo')
  mkdirSync(join(monorepo, 'apps'), { recursive: true })
  writeFileSync(join(monorepo, 'package.json'), JSON.stringify({ private: true, workspaces: ['apps/*'] }))
  expect(create(['apps/data'], monorepo).stdout).not.toContain('does not include')
  expect(existsSync(join(monorepo, 'apps/data/Dockerfile'))).toBe(false)
  expect(read('monorepo/apps/data/README.md')).not.toContain('Dockerfile')
  expect(create(['other'], monorepo).stdout).toContain('does not include this folder')
  expect(existsSync(join(monorepo, 'other/Dockerfile'))).toBe(true)
  writeFileSync(join(monorepo, 'pnpm-workspace.yaml'), "packages:\n  # all\n  - 'libs/**'\n  - tools\nother:\n  - apps/data\n")
  const members = ['libs/a/b', 'tools', 'apps/data'].map((path) => workspaceOf(join(monorepo, path))?.isMember)
  expect(members).toEqual([true, true, false])
})

test('a folder that is not empty, and wrong options, are refused; a repository without files is fine', () => {
  const target = join(output, 'taken')
  mkdirSync(target)
  execFileSync('git', ['init', '--quiet'], { cwd: target })
  expect(create(['.'], target).status).toBe(0)
  const again = create(['taken'])
  expect([again.status, again.stderr]).toEqual([2, `error: The folder ${target} is not empty. Name another one, or empty it first.\n`])
  expect(create(['new', '-t', 'big'])).toMatchObject({
    status: 2,
    stderr: 'error: There is no template "big". Use minimal, rag, ingestion.\n',
  })
  expect(create(['a', 'b']).status).toBe(2)
  expect(create(['--what']).stderr).toBe("error: Unknown option '--what'. Run `npm create dagma@latest -- --help` for the options.\n")
  writeFileSync(join(output, 'file'), '')
  for (const path of ['file', 'file/below'])
    expect(create([path])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^error: The [^\n]*ENOTDIR: not a directory[^\n]*\n$/),
    })
  expect(existsSync(join(output, 'new'))).toBe(false)
})

test('Node as a package is what the repository itself uses', () => {
  expect(create(['old', '--node-package']).status).toBe(0)
  const { optionalDependencies } = JSON.parse(read('old', 'package.json'))
  expect(optionalDependencies).toMatchObject(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).optionalDependencies)
})

test.each([
  ['/a/My Project', 'my-project'],
  ['/a/明', 'dagma-project'],
  ['/a/.hidden', 'hidden'],
  ['/a/Café_2', 'cafe_2'],
])('%s is a package %s', (folder, name) => expect(packageName(folder)).toBe(name))
