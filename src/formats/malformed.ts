import { ExecutionError } from '../errors/errors.ts'

const SHOWN = 1000

/** The condition of a record that does not fit the schema. */
export const MALFORMED = 'MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION'

/** The error of a record that does not fit the schema (mode FAILFAST). `place` is `path, line 12`. */
export function malformedRecord(record: string, place: string, reason: string): ExecutionError {
  const text = record.length > SHOWN ? `${record.slice(0, SHOWN)} …` : record
  return new ExecutionError(
    MALFORMED,
    { record: `${text} at ${place} (${reason})`, place, reason, badRecord: text },
    { hint: "option mode 'PERMISSIVE' reads what fits and NULL for the rest, 'DROPMALFORMED' leaves such records out" },
  )
}
