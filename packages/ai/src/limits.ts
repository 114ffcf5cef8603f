/** Limits of the calls to a model. */
export interface Limits {
  readonly parallel: number
  readonly requestsPerMinute: number | undefined
  readonly tokensPerMinute: number | undefined
}

/** How the limiter knows the time and waits. */
export interface LimiterClock {
  /** Milliseconds. */
  readonly now: () => number
  /** @throws the reason of the signal, when that aborts first */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>
}

const minuteMs = 60_000

/** Lets calls begin as the limits say, in the order in which they came. */
export class Limiter {
  readonly #limits: Limits
  readonly #clock: LimiterClock
  #free: number
  readonly #waiting: (() => void)[] = []
  /** Of the last minute. */
  #begun: number[] = []
  #used: { readonly at: number; readonly tokens: number }[] = []
  /** Calls pass the rates one after the other. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(limits: Limits, clock: LimiterClock) {
    this.#limits = limits
    this.#clock = clock
    this.#free = limits.parallel
  }

  /** Waits until a call may begin. @returns what must be called when it has ended, with its tokens */
  async begin(signal: AbortSignal): Promise<(tokens: number) => void> {
    signal.throwIfAborted()
    await this.#place(signal)
    const leave = (): void => {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
    const turn = this.#turn.then(() => this.#rates(signal))
    this.#turn = turn.catch(() => {})
    await turn.catch((reason: unknown) => {
      leave()
      throw reason
    })
    let over = false
    return (tokens) => {
      if (over) return
      over = true
      if (tokens > 0 && this.#limits.tokensPerMinute !== undefined) this.#used.push({ at: this.#clock.now(), tokens })
      leave()
    }
  }

  async #place(signal: AbortSignal): Promise<void> {
    if (this.#free > 0) {
      this.#free--
      return
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const give = (): void => {
      signal.removeEventListener('abort', abort)
      resolve()
    }
    const abort = (): void => {
      this.#waiting.splice(this.#waiting.indexOf(give), 1)
      reject(signal.reason)
    }
    this.#waiting.push(give)
    signal.addEventListener('abort', abort, { once: true })
    return promise
  }

  async #rates(signal: AbortSignal): Promise<void> {
    const { requestsPerMinute, tokensPerMinute } = this.#limits
    if (requestsPerMinute === undefined && tokensPerMinute === undefined) return
    for (let wait = this.#waitMs(); wait > 0; wait = this.#waitMs()) await this.#clock.sleep(wait, signal)
    signal.throwIfAborted()
    if (requestsPerMinute !== undefined) this.#begun.push(this.#clock.now())
  }

  #waitMs(): number {
    const now = this.#clock.now()
    const { requestsPerMinute, tokensPerMinute } = this.#limits
    this.#begun = this.#begun.filter((at) => at > now - minuteMs)
    this.#used = this.#used.filter(({ at }) => at > now - minuteMs)
    const [firstCall = now] = this.#begun.slice(-(requestsPerMinute ?? 0))
    const callWait = this.#begun.length >= (requestsPerMinute ?? Number.POSITIVE_INFINITY) ? firstCall + minuteMs - now : 0
    let tokens = this.#used.reduce((sum, used) => sum + used.tokens, 0)
    let tokenWait = 0
    for (const used of this.#used) {
      if (tokens < (tokensPerMinute ?? Number.POSITIVE_INFINITY)) break
      tokens -= used.tokens
      tokenWait = used.at + minuteMs - now
    }
    return Math.max(callWait, tokenWait)
  }
}
