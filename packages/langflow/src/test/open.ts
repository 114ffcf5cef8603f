import { type ContextParts, resourceContext } from '../../../../tests/support/resource-context.ts'
import { type Langflow, type LangflowSettings, langflow } from '../index.ts'

/** Opens the resource as a host does. */
export async function open(settings: LangflowSettings | (() => LangflowSettings), context: ContextParts = {}): Promise<Langflow> {
  return (await langflow(settings).open(resourceContext(context))).client
}
