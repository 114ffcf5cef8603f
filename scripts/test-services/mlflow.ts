import { join } from 'node:path'
import { serviceExecutable, startService, type TestService } from './service.ts'

/** The `mlflow` executable that `DAGMA_TEST_MLFLOW` names. */
export const mlflowExecutable = (): string | undefined => serviceExecutable('DAGMA_TEST_MLFLOW')

/** Starts an MLflow server with a new SQLite store and an artifact proxy; `more` arguments come after those. */
export function startMlflow(executable = mlflowExecutable(), more: readonly string[] = []): Promise<TestService> {
  if (!executable) throw new Error('Set DAGMA_TEST_MLFLOW to the mlflow executable.')
  return startService({
    name: 'mlflow',
    executable,
    args: ({ port, folder }) => [
      ...['server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1', '--serve-artifacts'],
      ...['--backend-store-uri', `sqlite:///${join(folder, 'mlflow.db')}`, '--artifacts-destination', join(folder, 'artifacts')],
      ...more,
    ],
    // Without job execution it has two processes instead of ten.
    env: () => ({ MLFLOW_DISABLE_TELEMETRY: 'true', MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false' }),
    healthPath: '/health',
  })
}
