/** How a run of the one step and asset `a` starts, but for its id. */
export const runOfOneStep = {
  jobName: null,
  steps: ['a'],
  assetKeys: ['a'],
  partitionKey: null,
  partitionKeyRange: null,
  tags: {},
  config: {},
  parentRunId: null,
}
