import { stepLabel } from '../../definitions/assets/step-label.ts'
import type { Definitions } from '../../definitions/model.ts'
import type { Run } from '../../engine/events.ts'

/** How the terminal describes the steps of a run. */
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

/** The texts of the steps of a recorded run, as the run recorded them: its definitions may have changed since. */
export function recordedSteps({ stepLabels = {} }: Run): StepTexts {
  return { label: (name) => stepLabels[name] ?? name, attempts: () => undefined }
}
