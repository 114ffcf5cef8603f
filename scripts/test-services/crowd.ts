/**
 * Holds requests until `size` of them wait, looks whether more come during its own round trip, and lets all go together. For tests of how
 * many calls a client makes concurrently: less than `size` would wait forever.
 */
export class Crowd {
  /** The most requests that waited concurrently. */
  most = 0
  readonly #size: number
  readonly #roundTrip: () => Promise<unknown>
  #held: (() => void)[] = []

  constructor(size: number, roundTrip: () => Promise<unknown>) {
    this.#size = size
    this.#roundTrip = roundTrip
  }

  /** Calls `answer` when the crowd is complete. */
  join(answer: () => void): void {
    this.#held.push(answer)
    this.most = Math.max(this.most, this.#held.length)
    if (this.#held.length === this.#size) void this.#roundTrip().finally(() => this.#letGo())
  }

  #letGo(): void {
    const held = this.#held
    this.#held = []
    for (const answer of held) answer()
  }
}
