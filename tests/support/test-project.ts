import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { type Finished, Running, run, type StartOptions } from './processes.ts'
import { pythonHome, repository } from './repository.ts'

/** A Dagma project in a temporary folder. Its packages are the checkout's, its Python environment the one of all tests. */
export class TestProject implements Disposable {
  readonly folder: string
  readonly #temporary: string

  constructor(folder: string, temporary: string) {
    this.folder = folder
    this.#temporary = temporary
  }

  /** Folder of the project's own files: databases, values, logs. */
  get dagmaFolder(): string {
    return join(this.folder, '.dagma')
  }

  /** DAGSTER_HOME of the project. */
  get dagsterHome(): string {
    return join(this.dagmaFolder, 'dagster-home')
  }

  /** Runs `dagma …` in the project to its end. */
  dagma(args: readonly string[], options: Omit<StartOptions, 'cwd'> = {}): Promise<Finished> {
    return run('dagma', args, { cwd: this.folder, ...options })
  }

  /** Runs `dagma … --json` in the project, expects `code`, and gives what it printed. */
  async dagmaJson<T>(args: readonly string[], options: Omit<StartOptions, 'cwd'> & { readonly code?: number } = {}): Promise<T> {
    const { code, stdout, stderr } = await this.dagma([...args, '--json'], options)
    if (code !== (options.code ?? 0)) throw new Error(`dagma ${args.join(' ')} ended with ${code}.\n${stdout}${stderr}`)
    return JSON.parse(stdout) as T
  }

  /** Starts `dagma …` in the project. */
  startDagma(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
    return new Running('dagma', args, { cwd: this.folder, env })
  }

  /** Runs a program of the project's Python environment to its end, as a shell does after `dagma dev --check`. */
  python(program: 'dagster' | 'python', args: readonly string[], options: Omit<StartOptions, 'cwd'> = {}): Promise<Finished> {
    const bin = join(this.dagmaFolder, 'python', 'bin')
    mkdirSync(this.dagsterHome, { recursive: true })
    const settings = join(this.dagsterHome, 'dagster.yaml')
    if (!existsSync(settings)) cpSync(join(pythonHome, '.dagma', 'dagster-home', 'dagster.yaml'), settings)
    const path = [bin, dirname(process.execPath), process.env.PATH ?? ''].join(delimiter)
    return run(join(bin, program), args, {
      cwd: this.folder,
      ...options,
      env: { ...options.env, DAGSTER_HOME: this.dagsterHome, PATH: path },
    })
  }

  [Symbol.dispose](): void {
    rmSync(this.#temporary, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}

/** The M7 project, copied into a folder that looks like the checkout to it. */
export function platformProject(): TestProject {
  const root = newFolder()
  for (const shared of ['node_modules', 'packages', 'docs']) symlinkSync(join(repository, shared), join(root, shared))
  if (existsSync(join(repository, 'README.md'))) cpSync(join(repository, 'README.md'), join(root, 'README.md'))
  const folder = join(root, 'examples', 'platform')
  mkdirSync(folder, { recursive: true })
  for (const name of ['package.json', 'src'])
    cpSync(join(repository, 'examples', 'platform', name), join(folder, name), { recursive: true })
  lendPython(folder)
  return new TestProject(folder, root)
}

/** A project whose `src/definitions.ts` is the given text. */
export function smallProject(definitions: string): TestProject {
  const folder = newFolder()
  writeProject(folder, definitions)
  lendPython(folder)
  return new TestProject(folder, folder)
}

/** Writes a project into a folder. */
export function writeProject(folder: string, definitions: string): void {
  mkdirSync(join(folder, 'src'), { recursive: true })
  const modules = join(folder, 'node_modules')
  if (!existsSync(modules)) symlinkSync(join(repository, 'node_modules'), modules)
  writeFileSync(join(folder, 'package.json'), '{"name":"small","type":"module","dagma":{"definitions":"src/definitions.ts"}}\n')
  writeFileSync(join(folder, 'src', 'definitions.ts'), definitions)
}

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'dagma-test-'))
}

/** `dagma dev` takes an environment that is there and fits. */
function lendPython(folder: string): void {
  const made = join(pythonHome, '.dagma', 'python')
  if (!existsSync(made)) return
  mkdirSync(join(folder, '.dagma'), { recursive: true })
  symlinkSync(made, join(folder, '.dagma', 'python'))
}
