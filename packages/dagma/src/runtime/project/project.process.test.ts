import { spawnSync } from 'node:child_process'
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commandLine } from '../../test/processes.ts'
import { setEnvironment, temporaryFolder, thrownBy } from '../../test/temporary.ts'
import { findProject, loadDefinitions } from './project.ts'

const dagma = new URL('../../index.ts', import.meta.url).href
const manifest = JSON.stringify({ type: 'module', dagma: { definitions: 'src/defs.ts' } })
const good = `import { asset, definitions } from '${dagma}'
export default definitions({ assets: [asset({ key: 'a', run: (): number => Number(process.env.DAGMA_TEST_DOT_ENV) })] })`

describe('findProject', () => {
  test('goes upwards to the nearest package.json with a dagma field', () => {
    const folder = temporaryFolder({
      'package.json': '{"dagma":{}}',
      'inner/package.json': manifest,
      'inner/src/defs.ts': '',
      'inner/src/deep/package.json': '{"name":"no-dagma-field"}',
    })
    const expected = { folder: join(folder, 'inner'), module: join(folder, 'inner/src/defs.ts'), modulePatterns: [] }
    expect(findProject(join(folder, 'inner', 'src', 'deep'))).toEqual(expected)
    expect(findProject(join(folder, 'inner'))).toEqual(expected)
  })

  test('takes src/definitions.ts when the field names none', () => {
    const folder = temporaryFolder({ 'package.json': '{"dagma":{}}', 'src/definitions.ts': '' })
    expect(findProject(folder).module).toBe(join(folder, 'src/definitions.ts'))
  })

  test('a module that is named is found from the working directory, in a project or outside', () => {
    const folder = temporaryFolder({ 'p/package.json': manifest, 'p/x/other.ts': '', 'outside/defs.ts': '' })
    expect(findProject(join(folder, 'p', 'x'), 'other.ts')).toEqual({
      folder: join(folder, 'p'),
      module: join(folder, 'p/x/other.ts'),
      modulePatterns: [],
    })
    expect(findProject(join(folder, 'outside'), './defs.ts')).toEqual({
      folder: join(folder, 'outside'),
      module: join(folder, 'outside/defs.ts'),
      modulePatterns: [],
    })
  })

  test('a package.json may begin with a byte-order mark', () => {
    const folder = temporaryFolder({ 'package.json': `\uFEFF${manifest}`, 'src/defs.ts': '' })
    expect(findProject(folder)).toEqual({ folder, module: join(folder, 'src/defs.ts'), modulePatterns: [] })
  })

  test('says what it lacks', async () => {
    const folder = temporaryFolder({ 'package.json': manifest, 'broken/package.json': '{' })
    const messages: string[] = []
    for (const find of [
      () => findProject('/'),
      () => findProject(folder),
      () => findProject(folder, 'src/nothing.ts'),
      () => findProject(join(folder, 'broken')),
    ]) {
      const error = await thrownBy(find)
      expect(error).toMatchObject({ kind: 'definition' })
      messages.push(error.message.replaceAll(folder, '<folder>'))
    }
    expect(messages).toMatchInlineSnapshot(`
      [
        "No Dagma project was found in / or above it. Set projectFolder to a folder whose package.json has \`"dagma": { "definitions": "src/definitions.ts" }\`, or work inside one. [DAGMA_PROJECT_NOT_FOUND]",
        "There is no definitions module at <folder>/src/defs.ts. Set the correct file with -m, or in the "dagma" field of package.json. [DAGMA_MODULE_NOT_FOUND]",
        "There is no definitions module at <folder>/src/nothing.ts. Set the correct file with -m, or in the "dagma" field of package.json. [DAGMA_MODULE_NOT_FOUND]",
        "<folder>/broken/package.json: this is not valid JSON: Expected property name or '}' in JSON at position 1 (line 1 column 2). Fix the module. Nothing was run. [DAGMA_MODULE_FAILED]",
      ]
    `)
  })
})

describe('loadDefinitions', () => {
  const load = (files: { readonly [path: string]: string }) => {
    const folder = realpathSync(temporaryFolder({ 'package.json': manifest, ...files }))
    return { folder, loading: loadDefinitions(findProject(folder)) }
  }

  test('loads TypeScript, after .env, which gives way to what is set', async () => {
    setEnvironment({ DAGMA_TEST_DOT_ENV: undefined, DAGMA_TEST_SET: 'from outside' })
    const { loading } = load({ 'src/defs.ts': good, '.env': 'DAGMA_TEST_DOT_ENV=5\nDAGMA_TEST_SET=from file\n' })
    const loaded = await loading
    expect([...loaded.assets.keys()]).toEqual(['a'])
    expect(process.env.DAGMA_TEST_DOT_ENV).toBe('5')
    expect(process.env.DAGMA_TEST_SET).toBe('from outside')
  })

  test('every way in which a module can fail is one coded error', async () => {
    const messages: string[] = []
    for (const text of [
      `throw new Error('no database')`,
      `throw 'text'`,
      `import './missing.ts'`,
      `import 'package-that-nobody-has'`,
      'export default 5',
      'export const definitions = 1',
      `import { asset } from '${dagma}'\nasset({ key: 'a b', run: () => 1 })`,
    ]) {
      const { folder, loading } = load({ 'src/defs.ts': text })
      const error = await thrownBy(() => loading)
      expect(error).toMatchObject({ kind: 'definition', code: expect.stringMatching(/^DAGMA_/) })
      messages.push(error.message.replaceAll(folder, '<folder>'))
    }
    expect(messages).toMatchInlineSnapshot(`
      [
        "<folder>/src/defs.ts: Error: no database. Fix the module. Nothing was run. [DAGMA_MODULE_FAILED]",
        "<folder>/src/defs.ts: A value that is not an Error was thrown: text. Fix the module. Nothing was run. [DAGMA_MODULE_FAILED]",
        "<folder>/src/defs.ts: this imports ./missing.ts, which does not exist. Write the file name with its extension, as in \`import { a } from "./a.ts"\`. [DAGMA_IMPORT_NOT_FOUND]",
        "<folder>/src/defs.ts:1: this imports the package "package-that-nobody-has", which is not installed. Install it, for example with \`npm install package-that-nobody-has\`. [DAGMA_PACKAGE_MISSING]",
        "<folder>/src/defs.ts has no default export created with definitions(). Write \`export default definitions({ assets: [...] })\`. [DAGMA_MODULE_NO_DEFINITIONS]",
        "<folder>/src/defs.ts has no default export created with definitions(). Write \`export default definitions({ assets: [...] })\`. [DAGMA_MODULE_NO_DEFINITIONS]",
        "An asset cannot be named "a b". Use letters, digits, "_", "-" and "." (job, schedule, group and check names: letters, digits and "_"), and "/" between the parts of an asset key. [DAGMA_KEY_INVALID]",
      ]
    `)
  })

  test('wrong definitions come as they are, all of them', async () => {
    const { loading } = load({
      'src/defs.ts': `import { asset, definitions } from '${dagma}'
export default definitions({ assets: [asset({ key: 'a', deps: ['x', 'y'], run: () => 1 })] })`,
    })
    expect(await thrownBy(() => loading)).toMatchObject({ name: 'DefinitionErrors', errors: [{}, {}] })
  })
})

test('Yarn without node_modules is refused by name, since Dagster would not find the packages', async () => {
  const folder = temporaryFolder({ '.pnp.cjs': '', 'p/package.json': manifest, 'p/src/defs.ts': '' })
  const error = await thrownBy(() => findProject(join(folder, 'p')))
  expect(error).toMatchObject({ code: 'DAGMA_PLUG_AND_PLAY', problem: expect.stringContaining(`${folder} uses Yarn Plug'n'Play`) })
})

/** Child processes, as the tests' own loader is not Node's. */
describe('a project in a folder of any name loads, with other modules and packages', () => {
  test.each(['back\\slash', 'sp ace', `quo"te'`, 'per%20cent%', 'ha#sh', 'que?st', 'do$lar;', 'new\nline', '中文'])('%j', (name) => {
    const parent = realpathSync(temporaryFolder())
    const folder = join(parent, name)
    const files = {
      'package.json': manifest,
      'src/defs.ts': `import { asset, definitions } from '${dagma}'\nimport { x } from './x.ts'\nexport default definitions({ assets: [asset({ key: 'a', run: () => x })] })`,
      'src/x.ts': `import { y } from 'some-package'\nexport const x: number = y`,
      'node_modules/some-package/package.json': '{"name":"some-package","type":"module","exports":"./y.js"}',
      'node_modules/some-package/y.js': 'export const y = 1',
    }
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), text)
    }
    const { status, stdout, stderr } = spawnSync(process.execPath, [...commandLine, 'asset', 'materialize', '-s', 'a'], {
      cwd: folder,
      encoding: 'utf8',
    })
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toContain('SUCCESS')
    writeFileSync(join(folder, 'src/x.ts'), `import './gone.ts'`)
    const failed = spawnSync(process.execPath, [...commandLine, 'definitions', 'validate'], { cwd: folder, encoding: 'utf8' })
    expect([failed.status, failed.stderr]).toEqual([
      2,
      expect.stringContaining(`${folder}/src/x.ts:1: this imports ${folder}/src/gone.ts, which does not exist`),
    ])
  })
})
