import { dagmaError } from '../../errors.ts'

/** An asset's key: a path, as in Dagster. */
export type AssetKey = readonly string[]

/** An asset key as a user writes it: a path, or text with "/" between its parts. */
export type AssetKeyInput = string | AssetKey

/**
 * The path that `input` names, below `prefix`. @throws DAGMA_KEY_INVALID when a part has other characters than letters, digits, "_", "-" and ".", or
 * only dots.
 */
export function assetKey(input: AssetKeyInput, prefix: AssetKeyInput = []): AssetKey {
  const path = [prefix, input].flatMap((part) => (typeof part === 'string' ? part.split('/') : part))
  if (path.length === 0 || !path.every((part) => typeof part === 'string' && /^(?!\.+$)[A-Za-z0-9_.-]+$/.test(part))) {
    throw dagmaError('DAGMA_KEY_INVALID', { what: 'An asset', key: keyText(path) })
  }
  return path
}

/** The key as text, "/" between its parts: how it is shown, selected and stored. */
export function keyText(key: AssetKey): string {
  return key.join('/')
}

/** The name of the step that makes an asset: its key as an identifier, as Dagster itself derives it. */
export function stepName(key: AssetKey): string {
  return key.join('__').replace(/[^A-Za-z0-9_]/g, '_')
}

/** `name` when it fits a job, schedule, group or resource. @throws DAGMA_KEY_INVALID otherwise. */
export function checkedName(what: string, name: string): string {
  if (!/^[A-Za-z0-9_]+$/.test(name)) throw dagmaError('DAGMA_KEY_INVALID', { what, key: name })
  return name
}
