import type { Step } from '../../definitions/assets/step.ts'
import { stepLabel } from '../../definitions/assets/step-label.ts'
import { configIssues } from '../../definitions/validation/config-issues.ts'
import { dagmaError } from '../../errors.ts'

/** The config that the step's function gets, defaults filled in. @throws DAGMA_CONFIG_INVALID with every field that is wrong. */
export async function validatedConfig(
  step: Pick<Step, 'kind' | 'name' | 'assets' | 'checks' | 'config'>,
  entered: unknown,
): Promise<unknown> {
  if (step.config === undefined) return undefined
  const result = await step.config['~standard'].validate(entered ?? {})
  const issues = configIssues(step.config, entered, result)
  if (result.issues !== undefined || issues.length > 0) throw dagmaError('DAGMA_CONFIG_INVALID', { step: stepLabel(step), issues })
  return result.value
}
