import { OptionError } from '../errors/errors.ts'
import type { Options, OptionSpec } from './provider.ts'

/** What becomes of a record that cannot be decoded, or of a row for which an expression throws. */
export const BAD_RECORD_POLICIES = ['fail', 'null', 'drop', 'sink'] as const
export type BadRecordPolicy = (typeof BAD_RECORD_POLICIES)[number]

/** A bad record on its way to the sink for them: see SourceContext.bad. */
export interface DeadLetter {
  /** Condition of the error it would have failed the query with. */
  readonly condition: string
  readonly reason: string
  /** Where it stands in the source: `path:line`, `partition/offset`; null where nobody knows. */
  readonly position: string | null
  /** As it was read; kept, so nobody may write there afterwards. */
  readonly raw: Uint8Array
}

/** Takes the bad records of one source. Either call counts the record. */
export interface BadRecordTaker {
  /** A record that is left out, or read as NULL. */
  count(): void
  /** A record for the sink of the query (policy `sink`). */
  send(letter: DeadLetter): void
}

/** The option of sources that decode. */
export const BAD_RECORDS: OptionSpec = {
  type: 'string',
  doc: 'What a record that cannot be decoded does: fail fails the query; null is a row with what fits and NULL for the rest; drop leaves it out; sink hands it to the sink of writeStream.badRecords. See [bad records](bad-records.md).',
}

/** The policy of an option text, in any case; OPTION_INVALID otherwise. */
export function badRecordPolicy(format: string, text: string): BadRecordPolicy {
  const policy = BAD_RECORD_POLICIES.find((p) => p === text.toLowerCase())
  if (policy !== undefined) return policy
  const expected = 'fail, null, drop or sink'
  throw new OptionError('OPTION_INVALID', { format, option: 'badRecords', value: text, expected })
}

/** The policy of a source; null where it has none. */
export function badRecordsOf(format: string, options: Options): BadRecordPolicy | null {
  const text = options['badRecords']
  return text === undefined ? null : badRecordPolicy(format, String(text))
}

/** Refuses policy `sink` where nobody takes the records: a query that is collected, or a table beside a stream. */
export function checkBadRecordSink(format: string, options: Options, bad: BadRecordTaker | undefined): void {
  if (bad === undefined && badRecordsOf(format, options) === 'sink')
    throw new OptionError(
      'BAD_RECORDS_WITHOUT_SINK',
      { what: `this read of ${format}, bounded and not written,` },
      { hint: "read with 'drop' or 'null', or write the rows: df.write.badRecords(format, options)" },
    )
}
