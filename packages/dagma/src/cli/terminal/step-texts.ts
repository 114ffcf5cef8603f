import { stepName } from '../../definitions/assets/asset-key.ts'
import { stepLabel } from '../../definitions/assets/step-label.ts'
import type { Definitions } from '../../definitions/model.ts'
import type { Run, RunEvent } from '../../engine/events.ts'

/** What the terminal says of the steps of a run. */
export interface StepTexts {
  /** The step as people read it: an asset by its key, a check as `asset:check`. */
  readonly label: (step: string) => string
  /** How many attempts its retry policy allows; undefined when that is unknown. */
  readonly attempts: (step: string) => number | undefined
}

/** The texts of steps that these definitions declare. */
export function declaredSteps({ steps }: Definitions): StepTexts {
  return {
    label: (name) => {
      const step = steps.get(name)
      return step === undefined ? name : stepLabel(step)
    },
    attempts: (name) => {
      const retries = steps.get(name)?.retryPolicy?.maxRetries
      return retries === undefined ? undefined : retries + 1
    },
  }
}

/** The texts of the steps of a recorded run, from what the run recorded: its definitions may have changed since. */
export function recordedSteps({ assetKeys }: Run, events: Iterable<RunEvent>): StepTexts {
  const labels = new Map(assetKeys.map((key) => [stepName(key.split('/')), key]))
  for (const event of events)
    if (event.type === 'ASSET_CHECK_EVALUATION' && event.step === `${stepName(event.asset.split('/'))}_${event.check}`)
      labels.set(event.step, `${event.asset}:${event.check}`)
  return { label: (name) => labels.get(name) ?? name, attempts: () => undefined }
}
