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
  ]
  expect(lines.filter(tellsOfFailures())).toEqual([lines[4], lines[5], lines[6], lines[8], lines[9], lines[12]])
})
