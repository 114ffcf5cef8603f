import { expect, test } from 'vitest'
import { tellsOfFailures } from './service-lines.ts'

test('failures with the lines below them are shown, what Dagster says of its own work is not', () => {
  const lines = [
    '/site-packages/click/core.py:911: SupersessionWarning: Function `dev_command` is superseded. Use `dg dev` instead.',
    '  return callback(*args, **kwargs)',
    '\x1b[32m2026-11-28 08:58:19 +0000\x1b[0m - dagster - \x1b[34mINFO\x1b[0m - Launching Dagster services...',
    'printed by a step',
    '2026-11-28 08:58:20 +0000 - dagster.daemon - ERROR - Sensor daemon caught an error for sensor new_files',
    'dagma.errors.UserCodeError: boom',
    '  File "/lib/python3.12/site-packages/dagma/defs/ticks.py", line 3, in tick',
    '    yield from ticks()',
    '2026-11-28 08:58:21 +0000 - dagster - DEBUG - shop_job - 3f - 12 - ENGINE_EVENT - done',
    'Traceback (most recent call last):',
    'ValueError: no',
    '/x.py:1: PreviewWarning: Parameter `x` is currently in preview',
    '  f(x)',
    '2026-11-28 08:58:22 - dagster - WARNING - The disk is full',
    '\x1b[32m2026-11-28 15:19:28 +0000\x1b[0m - dagster.code_server - \x1b[34mERROR\x1b[0m - \x1b[31mdagma.errors.DefinitionError: /p/src/shop.ts:39: ordrs is not defined.',
    '  File "/p/.dagma/python/dagma/definitions.py", line 11, in <module>',
    '2026-11-28 15:19:28 +0000 - dagster - WARNING - /a b/context.py:1172: UserWarning: Error loading repository location dagma.definitions',
    '  warnings.warn(f"Error loading repository location {location_name}")',
    '2026-11-28 15:22:08 +0000 - dagster._cli.proxy_server_manager - WARNING - Code server process has exited with code 0. Restarting the code server process.',
    '2026-11-28 15:22:09 +0000 - dagster.code_server - ERROR - dagma.errors.BuildError: `dagma build` failed',
  ]
  expect(lines.filter(tellsOfFailures())).toEqual([lines[4], lines[5], lines[9], lines[10], lines[13], lines.at(-1)])
})

test('why a run failed is said once, with the frames of the project only', () => {
  const failure = [
    'dagma.errors.TypeScriptStepError: UserCodeError: Step "report" failed: the printer is on fire.',
    'Caused by:',
    'Error',
    '    at Object.run (file:///p/src/report.ts:20:28)',
    'Stack Trace:',
    '  File "/p/.dagma/python/lib/python3.11/site-packages/dagma/worker/session.py", line 134, in run_step',
    '    raise failure',
    '    ^^^^^^^^^^^^^',
    '  File "/p/own.py", line 3, in run',
    '    run_step()',
    '',
  ]
  const lines = [
    '2026-11-28 19:34:16 +0000 - dagster - ERROR - report_job - a2 - 28 - report - STEP_FAILURE - Execution of step "report" failed.',
    ...failure,
    '2026-11-28 19:34:16 +0000 - dagster - ERROR - report_job - a2 - 28 - RUN_FAILURE - Execution of run for "report_job" failed. Steps failed: [\'report\'].',
    ...failure,
  ]
  const [first, ...rest] = failure.filter((_, index) => ![4, 5, 6, 7].includes(index))
  expect(lines.filter(tellsOfFailures())).toEqual([lines[0], first, ...rest, lines[12]])
})
