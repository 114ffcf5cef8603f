import { type DagmaError, dagmaError } from '../../errors.ts'
import { plainJson } from '../../metadata/plain-json.ts'
import { keyText } from '../assets/asset-key.ts'
import type { Step } from '../assets/step.ts'
import type { Declared, ResolvedJob } from '../model.ts'
import { configIssues } from './config-issues.ts'
import { describedConfig } from './config-schema.ts'

/** The problems of the `config` of a step, each as the rest of a sentence. */
export function configProblems(config: NonNullable<Step['config']>): readonly string[] {
  const isStandard = typeof config?.['~standard']?.validate === 'function'
  return isStandard ? describedConfig(config).problems : ['must be a schema, of zod or any library with Standard Schema']
}

/** Checks the config that a job brings for its steps. A schema that answers later is asked when the job runs. */
export function checkJobConfig(
  of: string,
  { config, assetKeys }: ResolvedJob,
  { assets, steps }: Declared['graph'],
  errors: DagmaError[],
): void {
  for (const [name, entered] of Object.entries(config)) {
    const step = steps.get(name) ?? assets.get(name)?.step
    const selected =
      step !== undefined &&
      [...step.assets.map(({ key }) => key), ...step.checks.map(({ asset }) => asset)].some((key) => assetKeys.includes(keyText(key)))
    if (!selected) errors.push(dagmaError('DAGMA_CONFIG_UNKNOWN', { step: name, of, reason: 'which the job does not select' }))
    else if (step.config === undefined) errors.push(dagmaError('DAGMA_CONFIG_UNKNOWN', { step: name, of, reason: 'which has no config' }))
    else {
      const issues = jobConfigIssues(step.config, entered)
      if (issues.length > 0) errors.push(dagmaError('DAGMA_CONFIG_INVALID', { step: name, of, issues }))
    }
  }
}

function jobConfigIssues(config: NonNullable<Step['config']>, entered: unknown): string[] {
  try {
    plainJson(entered, (reason) => new Error(reason))
  } catch (error) {
    return [`it ${(error as Error).message}`]
  }
  const result = config['~standard'].validate(entered)
  if (!(result instanceof Promise)) return configIssues(config, entered, result)
  result.catch(() => {}) // the schema is asked again when the job runs
  return configIssues(config, entered, { value: entered })
}
