/** Starts the services of a Compose file, each in a sandbox of its own, on a network that has nothing else. */
import { type ChildProcess, spawn } from 'node:child_process'
import { chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parse } from 'yaml'
import type { Finished } from '../processes.ts'
import type { Image } from './image.ts'
import { enterCommand, Network, type Place, type Process, sandboxCommand } from './sandbox.ts'

interface Service {
  readonly image: string
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly volumes?: readonly string[]
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: { readonly test: readonly string[] }
}

interface Running {
  readonly child: ChildProcess
  readonly place: Place
  readonly process: Process
  readonly printed: () => string
}

export class Compose implements AsyncDisposable {
  readonly #services: Readonly<Record<string, Service>>
  readonly #images: (name: string) => Image
  readonly #folder: string
  readonly #network = new Network()
  readonly #running = new Map<string, Running>()
  readonly #waited = new Set<string>()

  /** `images` gives what stands for an image; `folder` takes the volumes and what the services write elsewhere. */
  constructor(file: string, env: Readonly<Record<string, string>>, images: (name: string) => Image, folder: string) {
    const text = readFileSync(file, 'utf8').replaceAll(/\$\{(\w+):\?\}/g, (_, name: string) => {
      if (env[name] === undefined) throw new Error(`required variable ${name} is missing`)
      return env[name]
    })
    this.#services = parse(text, { merge: true }).services
    this.#images = images
    this.#folder = folder
  }

  /** Starts every service once what it depends on is healthy. */
  async up(): Promise<void> {
    await this.#network.ready()
    mkdirSync(this.#folder, { recursive: true })
    const names = Object.keys(this.#services)
    writeFileSync(join(this.#folder, 'hosts'), names.map((name) => `127.0.0.1 ${name}\n`).join(''))
    for (const name of names) await this.#start(name)
  }

  /** Runs a command in a running service, as `docker compose exec`. */
  async exec(name: string, command: readonly string[]): Promise<Finished> {
    const { child, place, process } = this.#get(name)
    const [program = '', ...args] = enterCommand(child, place, { ...process, command })
    const entered = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const printed = collect(entered)
    const code = await new Promise<number | null>((resolve) => entered.once('close', resolve))
    return { code, stdout: printed(), stderr: '' }
  }

  printed(name: string): string {
    return this.#get(name).printed()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const children = [...this.#running.values()].map(({ child }) => child)
    await Promise.all(
      children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return
        child.kill('SIGKILL')
        await new Promise((resolve) => child.once('exit', resolve))
      }),
    )
    this.#network[Symbol.dispose]()
  }

  #get(name: string): Running {
    const running = this.#running.get(name)
    if (running === undefined) throw new Error(`${name} is not running`)
    return running
  }

  async #start(name: string): Promise<void> {
    const service = this.#services[name]
    if (service === undefined) throw new Error(`there is no service ${name}`)
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      if (condition !== 'service_healthy') throw new Error(`${condition} is not known here`)
      await this.#untilHealthy(other)
    }
    const image = this.#images(service.image)
    const volumes = (service.volumes ?? []).map((volume): [string, string] => {
      const [source = '', target = ''] = volume.split(':')
      return [target, this.#volume(source, target, image)]
    })
    const place: Place = {
      layers: image.layers,
      written: join(this.#folder, name),
      mounts: { ...image.mounts, '/etc/hosts': join(this.#folder, 'hosts'), ...Object.fromEntries(volumes) },
      network: this.#network,
      hostname: name,
    }
    const process = {
      command: [...image.entrypoint, ...(service.command ?? image.command)],
      env: { ...image.env, ...service.environment },
      user: image.user,
      folder: image.folder,
    }
    const [program = '', ...args] = sandboxCommand(place, process)
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#running.set(name, { child, place, process, printed: collect(child) })
  }

  /** A new volume is owned as the image has the folder. */
  #volume(source: string, target: string, image: Image): string {
    const folder = join(this.#folder, 'volumes', source)
    mkdirSync(folder, { recursive: true })
    const owner = image.layers.map((layer) => statSync(join(layer, target), { throwIfNoEntry: false })).find(Boolean)
    if (owner !== undefined) chownSync(folder, owner.uid, owner.gid)
    return folder
  }

  async #untilHealthy(name: string): Promise<void> {
    const test = this.#services[name]?.healthcheck?.test
    if (test?.[0] !== 'CMD') throw new Error(`${name} has no health check of the form [CMD, …]`)
    if (this.#waited.has(name)) return
    for (let attempt = 0; attempt < 240; attempt++) {
      const { child, printed } = this.#get(name)
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${name} has ended.\n${printed()}`)
      if ((await this.exec(name, test.slice(1))).code === 0) {
        this.#waited.add(name)
        return
      }
      await sleep(250)
    }
    throw new Error(`${name} does not become healthy.\n${this.printed(name)}`)
  }
}

function collect(child: ChildProcess): () => string {
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      printed += text
    })
  return () => printed
}
