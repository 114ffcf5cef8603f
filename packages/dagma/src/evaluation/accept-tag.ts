/** The run tag that accepts the evaluations of a run, when its value is `true`. */
export const acceptTag = 'dagma/accept'
