import { type ObservationField, observationFields } from 'dagma/author'

const when: Readonly<Record<ObservationField['presence'], string>> = {
  every: 'always',
  always: 'when a value was made or observed',
  stored: 'when the IO manager returns the size',
  system: 'with its system, real or local',
  server: 'with the real system only',
  optional: 'when known',
  failure: 'when the step failed',
  'failed-call': 'when the step failed because a call to a system failed',
}

/** The rows of the table in `docs/observation-fields.md`; `node tests/support/observation-rows.ts` prints them. */
export function observationRows(): string[] {
  const code = (text: string | null): string =>
    text === null ? '–' : /^[\w.]+$/.test(text) ? `\`${text}\`` : text.replace(/\bdagma_\w+/g, '`$&`')
  return Object.entries<ObservationField>(observationFields).map(
    ([name, { types, unit, meaning, presence, of, metadata, spanAttribute, metric }]) => {
      const where = of === undefined ? when[presence] : `${when[presence]}: ${[of.system, ...(of.operations ?? [])].join(', ')}`
      return `| \`${name}\` | ${types.join(' or ')} | ${unit ?? '–'} | ${meaning} | ${where} | ${metadata ? 'yes' : '–'} | ${code(spanAttribute)} | ${code(metric)} |`
    },
  )
}

if (import.meta.main) console.log(observationRows().join('\n'))
