import { Batch } from '../../columns/batch.ts'
import { ExecutionError, type MillraceError } from '../../errors/errors.ts'
import { BINARY, type Field, field, type Schema, STRING, type StructType } from '../../types/data-type.ts'
import type { Json } from '../../types/json.ts'
import type { Value } from '../../types/value.ts'
import type { BadRecordPolicy, BadRecordTaker } from '../bad-records.ts'

const FACTS: StructType = {
  kind: 'struct',
  fields: [
    field('condition', STRING, false),
    field('reason', STRING, false),
    field('position', STRING),
    field('raw', BINARY, false),
  ],
}

/** Beside the columns of a source, in its intake: what is wrong with a record that is no row; NULL for rows. */
const BAD: Field = field('_bad_record', FACTS)

/** The columns of an intake that keeps bad records among the rows, so that they come again with their lot. */
export const withBadRecords = (schema: Schema): Schema => ({ fields: [...schema.fields, BAD] })

/** Whether an intake of these columns keeps bad records. */
export const keepsBadRecords = (schema: Schema): boolean => schema.fields.at(-1)?.name === BAD.name

/** A record that is no row, for an intake `withBadRecords` of `schema`. */
export function badRow(schema: Schema, error: MillraceError, raw: Uint8Array, position: Json | undefined): Value[] {
  const { badRecord: _, ...params } = error.params
  const reason = 'reason' in params ? String(params['reason']) : error.message.split('   SQLSTATE')[0]!
  const at = position === undefined ? null : typeof position === 'string' ? position : JSON.stringify(position)
  return [...schema.fields.map(() => null), [error.code, reason, at, raw]]
}

/** Whether an error says that a record is no row of the columns. */
export const isBadRecord = (error: unknown): error is ExecutionError =>
  error instanceof ExecutionError && !error.transient

/** The rows of a lot, in the columns of `schema`; its bad records go to `bad`, those of policy `null` are rows of NULLs too. */
export function withoutBadRecords(
  lot: Batch,
  schema: Schema,
  policy: BadRecordPolicy,
  bad: BadRecordTaker | undefined,
): Batch {
  const facts = lot.columns.at(-1)!
  const good: number[] = []
  for (let i = 0; i < lot.rowCount; i++) {
    const row = lot.rowAt(i)
    const value = facts.get(row) as readonly [string, string, string | null, Uint8Array] | null
    if (value === null || policy === 'null') good.push(row)
    if (value === null) continue
    const [condition, reason, position, raw] = value
    if (policy === 'sink') bad?.send({ condition, reason, position, raw })
    else bad?.count()
  }
  const columns = lot.columns.slice(0, -1)
  return new Batch(schema, columns, lot.length, Int32Array.from(good), lot.weights)
}
