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
    '  File "/site-packages/dagma/defs/ticks.py", line 3, in tick',
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
  expect(lines.filter(tellsOfFailures())).toEqual([lines[4], lines[5], lines[6], lines[8], lines[9], lines[12], lines.at(-1)])
})
