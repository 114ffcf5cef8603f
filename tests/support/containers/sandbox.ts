/**
 * Processes with a root folder, a host name, process numbers and, where wanted, a network of their own, by Linux' namespaces: what a container is,
 * without an engine. Root may make them.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** The options of a process in a sandbox. */
export interface Process {
  readonly command: readonly string[]
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>
  readonly user: string
  readonly folder: string
}

/** Where it runs. */
export interface Place {
  /** Folders that make up the root, the uppermost first. They are not changed. */
  readonly layers: readonly string[]
  /** The folder that takes what is written: made when it is missing. */
  readonly written: string
  /** Files and folders of the machine by where they appear. */
  readonly mounts?: Readonly<Record<string, string>>
  /** Default: the machine's network. */
  readonly network?: Network
  readonly hostname?: string
}

/** A network of loopback alone, that sandboxes can share; every name of `hosts` is one of its addresses. */
export class Network implements Disposable {
  readonly #child: ChildProcess
  readonly namespace: string

  constructor() {
    this.#child = spawn('unshare', ['--net', '--', 'sh', '-c', 'ip link set lo up && echo up && exec sleep infinity'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.namespace = `/proc/${this.#child.pid}/ns/net`
  }

  /** Resolves when processes can be started in it. */
  async ready(): Promise<void> {
    await new Promise((resolve, reject) => {
      this.#child.stdout?.once('data', resolve)
      this.#child.once('exit', reject)
    })
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

/** The command that makes the sandbox and becomes the process in it. When it is killed, nothing of it is left. */
export function sandboxCommand(place: Place, process: Process): readonly string[] {
  const root = `${place.written}.root`
  const upper = join(place.written, 'upper')
  const work = join(place.written, 'work')
  rmSync(work, { recursive: true, force: true }) // after a volatile mount, the next one needs a new one
  for (const folder of [root, upper, work]) mkdirSync(folder, { recursive: true })
  const mounts = Object.entries(place.mounts ?? {}).map(([target, source]) => {
    const at = join(root, target)
    const make =
      existsSync(source) && !readIsFolder(source)
        ? `{ mkdir -p ${quoted(join(at, '..'))}; touch ${quoted(at)}; }`
        : `mkdir -p ${quoted(at)}`
    return `[ -e ${quoted(at)} ] || ${make}; mount --bind ${quoted(source)} ${quoted(at)}`
  })
  const script = [
    'set -e',
    `mount -t overlay overlay -o lowerdir=${place.layers.join(':')},upperdir=${upper},workdir=${work},volatile ${quoted(root)}`,
    `mount -t proc proc ${quoted(join(root, 'proc'))}`,
    `mount --rbind /dev ${quoted(join(root, 'dev'))}`,
    ...mounts,
    place.hostname === undefined ? '' : `hostname ${quoted(place.hostname)}`,
    `exec ${chrootCommand(root, process).map(quoted).join(' ')}`,
  ].join('\n')
  const network = place.network === undefined ? [] : ['nsenter', `--net=${place.network.namespace}`, '--']
  return [...network, 'unshare', '--mount', '--pid', '--uts', '--ipc', '--fork', '--kill-child=SIGKILL', '--', 'sh', '-c', script]
}

/** The command that runs another process in a sandbox that is there. */
export function enterCommand(sandbox: ChildProcess, place: Place, process: Process): readonly string[] {
  const first = readFileSync(`/proc/${unshared(sandbox)}/task/${unshared(sandbox)}/children`, 'utf8').trim()
  return [
    'nsenter',
    `--target=${first}`,
    '--mount',
    '--pid',
    '--uts',
    '--ipc',
    '--net',
    '--',
    ...chrootCommand(`${place.written}.root`, process),
  ]
}

const unshared = ({ pid }: ChildProcess): number => pid ?? Number.NaN

function chrootCommand(root: string, { command, env, user, folder }: Process): readonly string[] {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const inFolder = ['sh', '-c', 'cd "$0" && exec "$@"', folder, ...command]
  // After the change of user, which would clear the signal that `--kill-child` has set.
  const asUser = ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--init-groups', '--pdeathsig=KILL', '--']
  return ['chroot', root, ...asUser, '/usr/bin/env', '-i', ...variables, ...inFolder]
}

function readIsFolder(path: string): boolean {
  return execFileSync('stat', ['-L', '-c', '%F', path], { encoding: 'utf8' }).trim() === 'directory'
}
