/** Names that Dagster refuses: words of Python and of its own. `python/tests/test_random_projects.py` compares them with Dagster's. */
export const reservedNames: ReadonlySet<string> = new Set(
  (
    'False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda ' +
    'nonlocal not or pass raise return try while with yield ' +
    'arg_dict bool conf config context dict float input input_arg_dict int meta output output_arg_dict str type'
  ).split(' '),
)

/** The job of all assets, which Dagster makes itself. Names of jobs and steps are kept in one place. */
const assetJob = '__ASSET_JOB'

/** Whether Dagster refuses a step, schedule or sensor of this name. */
export function isReserved(name: string): boolean {
  return reservedNames.has(name) || name === assetJob
}

/** Whether Dagster refuses a job of this name. */
export function isReservedForJobs(name: string): boolean {
  return isReserved(name) || name.startsWith('__anonymous_asset_job')
}
