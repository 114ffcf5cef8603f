/** Builds what a Dockerfile describes, instruction by instruction, with nothing of the project but its build context. */
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, cpSync, existsSync, globSync, mkdirSync, readFileSync, realpathSync, statSync, symlinkSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join, matchesGlob, relative } from 'node:path'
import { repository } from '../repository.ts'
import { type Instruction, readDockerfile, readVariables } from './dockerfile.ts'
import { type Process, sandboxCommand } from './sandbox.ts'

export interface Image {
  /** Folders that make up its root, the uppermost first. */
  readonly layers: readonly string[]
  /** Folders of the machine that it shares, by where they appear. */
  readonly mounts?: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
  readonly user: string
  readonly folder: string
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
}

/** Builds the Dockerfile of a folder. `debian` is the root of a new Debian, `target` an empty folder for what the build writes. */
export function buildImage(context: string, debian: string, target: string): Image {
  const [from, ...instructions] = readDockerfile(readFileSync(join(context, 'Dockerfile'), 'utf8'))
  if (!from?.text.startsWith('node:24')) throw new Error(`there is nothing here to stand for ${from?.text}`)
  const sent = join(target, 'context')
  cpSync(context, sent, { recursive: true, filter: isSent(context), verbatimSymlinks: true })
  const base = join(target, 'node')
  putNode(base)
  const build = new Build([base, debian], sent, join(target, 'build'))
  for (const instruction of instructions) build.carryOut(instruction)
  return build.image
}

class Build {
  image: Image
  readonly #context: string
  readonly #written: string

  constructor(layers: readonly string[], context: string, written: string) {
    const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' }
    this.image = { layers: [join(written, 'upper'), ...layers], env, user: 'root', folder: '/', entrypoint: [], command: [] }
    this.#context = context
    this.#written = written
    this.#run(['useradd', '--uid', '1000', '--user-group', '--create-home', 'node'])
  }

  carryOut(instruction: Instruction): void {
    const { keyword, text, words, flags } = instruction
    const changes: Record<string, () => Partial<Image> | undefined> = {
      RUN: () => this.#run(['sh', '-c', text], cacheOf(flags.mount, `${this.#written}.caches`)),
      COPY: () => this.#copy(words, flags.chown),
      WORKDIR: () => this.#run(['mkdir', '-p', text]) ?? { folder: text },
      ENV: () => ({ env: { ...this.image.env, ...readVariables(instruction, this.image.env) } }),
      USER: () => ({ user: text }),
      ENTRYPOINT: () => ({ entrypoint: words }),
      CMD: () => ({ command: words }),
      EXPOSE: () => undefined,
    }
    try {
      this.image = { ...this.image, ...changes[keyword]?.() }
    } catch (error) {
      throw new Error(`the build failed at: ${keyword} ${text}`, { cause: error })
    }
  }

  /** Runs a command with the network of this machine, which the packages come from. */
  #run(command: readonly string[], mounts: Readonly<Record<string, string>> = {}): undefined {
    const { layers, env, user, folder } = this.image
    const process: Process = { command, env: { ...env, ...networkSettings(), HOME: '/root' }, user, folder }
    const place = { layers: layers.slice(1), written: this.#written, mounts: { ...networkFiles(`${this.#written}.network`), ...mounts } }
    const [program = '', ...args] = sandboxCommand(place, process)
    execFileSync(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: globalThis.process.env.PATH ?? '' } })
  }

  #copy(words: readonly string[], owner: string | undefined): undefined {
    const sources = words.slice(0, -1).flatMap((pattern) => {
      const found = pattern.includes('*') ? globSync(pattern, { cwd: this.#context }) : [pattern]
      if (found.some((path) => !existsSync(join(this.#context, path)))) throw new Error(`the build context has no ${pattern}`)
      return found
    })
    const to = words.at(-1) ?? ''
    const target = join(this.#written, 'upper', to.startsWith('/') ? to : join(this.image.folder, to))
    for (const source of sources) {
      const from = join(this.#context, source)
      const isFile = statSync(from).isFile()
      const at = isFile && to.endsWith('/') ? join(target, basename(source)) : target // of a folder, what is in it
      mkdirSync(dirname(at), { recursive: true })
      cpSync(from, at, { recursive: true, verbatimSymlinks: true })
      if (owner !== undefined) this.#run(['chown', '-R', `${owner}:`, `/${relative(join(this.#written, 'upper'), at)}`])
    }
  }
}

/** Node and npm, where the official image has them. */
function putNode(base: string): void {
  const bin = join(base, 'usr/local/bin')
  const modules = join(base, 'usr/local/lib/node_modules')
  mkdirSync(bin, { recursive: true })
  cpSync(join(repository, `node_modules/node-linux-${process.arch}/bin/node`), join(bin, 'node'))
  chmodSync(join(bin, 'node'), 0o755)
  const npm = join(realpathSync(execFileSync('which', ['npm'], { encoding: 'utf8' }).trim()), '../..')
  cpSync(npm, join(modules, 'npm'), { recursive: true, dereference: true })
  for (const name of ['npm', 'npx']) symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(bin, name))
  chownSync(base, 0, 0)
}

/** The files of the folder that are sent to the build: those that `.dockerignore` does not list. */
function isSent(context: string): (path: string) => boolean {
  const file = join(context, '.dockerignore')
  const patterns = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
  return (path) => !patterns.some((pattern) => matchesGlob(relative(context, path), pattern))
}

/** pip's cache is this machine's; any other is new: npm's would hold a tarball that the build context lacks, and serve it by its digest. */
function cacheOf(mount: string | undefined, folder: string): Record<string, string> {
  const target = /^type=cache,target=(\/\S+)$/.exec(mount ?? '')?.[1]
  if (mount !== undefined && target === undefined) throw new Error(`this mount is not known here: ${mount}`)
  if (target === undefined) return {}
  const cache = target === '/root/.cache/pip' ? join(homedir(), '.cache/pip') : join(folder, basename(target))
  mkdirSync(cache, { recursive: true })
  return { [target]: cache }
}

/** Where the certificates that this machine trusts are during a build. */
const certificates = '/run/certificates.crt'

/** How this machine reaches the registries: proxies, and certificates of its own. */
function networkSettings(): Record<string, string> {
  const settings = Object.entries(process.env).filter(([name]) => /(?:_proxy|INDEX_URL|^npm_config_registry)$/i.test(name))
  const trusting = ['NODE_EXTRA_CA_CERTS', 'PIP_CERT', 'SSL_CERT_FILE'].filter((name) => process.env[name] !== undefined)
  return Object.fromEntries([...settings.map(([name, value]) => [name, value ?? '']), ...trusting.map((name) => [name, certificates])])
}

/** Copies: an installation may write to what it finds. */
function networkFiles(folder: string): Record<string, string> {
  const from: Record<string, string> = {
    '/etc/resolv.conf': '/etc/resolv.conf',
    '/etc/hosts': '/etc/hosts',
    [certificates]: '/etc/ssl/certs/ca-certificates.crt',
  }
  const mounts = Object.entries(from)
    .filter(([, source]) => existsSync(source))
    .map(([target, source]) => [target, join(folder, basename(source)), source] as const)
  for (const [, copy, source] of mounts) cpSync(source, copy, { dereference: true })
  return Object.fromEntries(mounts.map(([target, copy]) => [target, copy]))
}
