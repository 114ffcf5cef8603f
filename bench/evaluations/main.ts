/**
 * How often an evaluation catches a drop, and how often it raises a false alarm, in simulated pairs of evaluations: `npm run bench -- evaluations [pairs]`,
 * by default 200 pairs in each line. The pairs are seeded, so the figures are the same each time.
 */
import { compareScores } from '../../packages/dagma/src/evaluation/compare.ts'
import { seededRandom } from '../../packages/dagma/src/evaluation/random.ts'
import type { ExampleScores } from '../../packages/dagma/src/evaluation/scores.ts'

/** As `evaluation()` has by default. */
const tolerance = { maxDrop: 0.01, confidence: 0.95 }
const drop = 0.05

/** Two scores of the same example, before and after its true score has dropped. */
type Pair = (random: () => number, drop: number) => readonly [before: number, after: number]

/** Scores like those of a judge: between 0 and 1, and each time off by noise, so that the difference has this standard deviation. */
const graded = (deviation: number): Pair => {
  const noise = (random: () => number): number => (normal(random) * deviation) / Math.SQRT2
  return (random, drop) => {
    const truth = 0.3 + 0.5 * random()
    return [clamped(truth + noise(random)), clamped(truth - drop + noise(random))]
  }
}

/** Scores like those of a search: 1 or 0. A change of the system turns this share of them over, both ways alike; the drop comes on top. */
const binary =
  (turned: number): Pair =>
  (random, drop) => {
    const before = random() < 0.8 ? 1 : 0
    const chance = random()
    if (before === 1) return [1, chance < turned / 1.6 + drop / 0.8 ? 0 : 1]
    return [0, chance < turned / 0.4 ? 1 : 0]
  }

const kinds: readonly (readonly [name: string, pair: Pair])[] = [
  ...[5, 10, 15, 20, 25].map((points) => [`graded, noise of ${points} points`, graded(points / 100)] as const),
  ...[0, 2, 5].map((percent) => [`hit or miss, ${percent} % turn over`, binary(percent / 100)] as const),
]

/** The line that has to hold: 200 examples whose scores differ by a noise of 15 points. */
const required = { examples: 200, name: 'graded, noise of 15 points' }

/** Simulates, prints, and gives 1 when the required line does not hold. */
export async function main([pairs = '200']: readonly string[]): Promise<number> {
  const count = Number(pairs)
  console.log(`${count} pairs of evaluations in each line; maxDrop ${tolerance.maxDrop}, confidence ${tolerance.confidence}\n`)
  console.log('EXAMPLES  SCORES                       DROP OF 5 CAUGHT  FALSE ALARMS  BOTH HOLD')
  let isGood = false
  for (const examples of [40, 200]) {
    for (const [name, pair] of kinds) {
      const [caught, alarms] = [drop, 0].map((dropped) => share(count, examples, pair, dropped)) as [number, number]
      const holds = caught >= 0.95 && alarms <= 0.05
      if (examples === required.examples && name === required.name) isGood = holds
      console.log(
        `${String(examples).padEnd(8)}  ${name.padEnd(27)}  ${percent(caught)}             ${percent(alarms)}        ${holds ? 'yes' : 'no'}`,
      )
    }
  }
  console.log(`\n${required.examples} examples, ${required.name}: ${isGood ? 'holds' : 'does not hold'}.`)
  return isGood ? 0 : 1
}

/** In how many of the simulated comparisons the scores count as worse. */
function share(count: number, examples: number, pair: Pair, dropped: number): number {
  let worse = 0
  for (let index = 0; index < count; index++) {
    const random = seededRandom(1 + index)
    const pairs = Array.from({ length: examples }, () => pair(random, dropped))
    const evaluation = (at: 0 | 1): ExampleScores[] =>
      pairs.map((scores, id) => ({ id: String(id), digest: '', scores: { score: scores[at] } }))
    if (compareScores(evaluation(0), evaluation(1), tolerance).get('score')?.verdict === 'worse') worse += 1
  }
  return worse / count
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

function clamped(score: number): number {
  return Math.min(1, Math.max(0, score))
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`.padStart(7)
}
