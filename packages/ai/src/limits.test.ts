import { describe, expect, it } from 'vitest'
import { Limiter, type Limits } from './limits.ts'

/** A limiter whose time passes only when it waits. */
function limiter(limits: Partial<Limits>) {
  const waits: number[] = []
  let now = 1_000
  const clock = {
    now: () => now,
    sleep: async (milliseconds: number, signal: AbortSignal) => {
      signal.throwIfAborted()
      waits.push(milliseconds)
      now += milliseconds
    },
  }
  const made = new Limiter({ parallel: 2, requestsPerMinute: undefined, tokensPerMinute: undefined, ...limits }, clock)
  return {
    begin: (signal = new AbortController().signal) => made.begin(signal),
    waits,
    pass: (milliseconds: number) => {
      now += milliseconds
    },
  }
}

describe('Limiter', () => {
  it('lets as many calls begin as are allowed, and the next when one ends, in order', async () => {
    const { begin } = limiter({ parallel: 2 })
    const begun: number[] = []
    const calls = Array.from({ length: 5 }, async (_, index) => {
      const end = await begin()
      begun.push(index)
      return end
    })
    await new Promise(setImmediate)
    expect(begun).toEqual([0, 1])
    for (const call of calls) {
      ;(await call)(0)
      await new Promise(setImmediate)
    }
    expect(begun).toEqual([0, 1, 2, 3, 4])
  })

  it('a call that ends twice frees one place', async () => {
    const { begin } = limiter({ parallel: 1 })
    const end = await begin()
    end(0)
    end(0)
    await begin()
    let third = false
    void begin().then(() => (third = true))
    await new Promise(setImmediate)
    expect(third).toBe(false)
  })

  it('a call that is aborted while it waits leaves its place to the next', async () => {
    const { begin } = limiter({ parallel: 1 })
    const end = await begin()
    const gone = new AbortController()
    const second = begin(gone.signal)
    const third = begin()
    gone.abort(new Error('canceled'))
    await expect(second).rejects.toThrow('canceled')
    end(0)
    await third
  })

  it('waits until the first of a minute of calls is a minute old', async () => {
    const { begin, waits, pass } = limiter({ parallel: 9, requestsPerMinute: 2 })
    await begin()
    pass(10_000)
    await begin()
    await begin()
    expect(waits).toEqual([50_000])
    await begin()
    expect(waits).toEqual([50_000, 10_000])
  })

  it('waits until the tokens of earlier calls are a minute old', async () => {
    const { begin, waits, pass } = limiter({ tokensPerMinute: 100 })
    ;(await begin())(60)
    pass(1_000)
    ;(await begin())(60)
    ;(await begin())(0)
    expect(waits).toEqual([59_000])
  })
})
