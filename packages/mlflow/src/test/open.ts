import { type ContextParts, resourceContext } from '../../../../tests/support/resource-context.ts'
import { type Mlflow, type MlflowSettings, mlflow } from '../index.ts'

/** Opens the resource as a host does. */
export async function open(settings: MlflowSettings | (() => MlflowSettings), context: ContextParts = {}): Promise<Mlflow> {
  return (await mlflow(settings).open(resourceContext(context))).client
}
