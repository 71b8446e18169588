import { jsMaker, rowFromJs } from '../../columns/row.ts'
import { ExecutionError } from '../../errors/errors.ts'
import type { Schema } from '../../types/data-type.ts'
import type { Value } from '../../types/value.ts'
import type { GeneratorEntry } from '../entry.ts'
import { type FunctionDefinition, functionName, identityOf, paramsOf, resultSchema } from './definition.ts'
import { notPromise, userFailure } from './failure.ts'

/** The declaration of a table function: `returns` are its columns. */
export interface TableFunctionDefinition extends Pick<FunctionDefinition, 'args' | 'version'> {
  readonly returns: string | Schema
}

/** A table function of the user's: gives any iterable of rows (objects, arrays or bare values) for its arguments. */
export function tableFunction(
  name: string,
  fn: (...args: never[]) => unknown,
  definition: TableFunctionDefinition,
): GeneratorEntry {
  const key = functionName(name)
  const schema = resultSchema(definition.returns)
  return {
    kind: 'generator',
    name: key,
    group: 'user',
    doc: `${name}, registered by the session.`,
    examples: [{ sql: `${key}()`, gives: '' }],
    params: paramsOf(definition.args),
    identity: identityOf(key, definition.version),
    columns: () => schema.fields.map((f) => ({ name: f.name, type: f.type, nullable: f.nullable })),
    bind: (site) => {
      const makers = site.args.map((type) => jsMaker(type))
      const zone = site.env.timeZone
      return function* (...values: readonly Value[]): Generator<readonly Value[]> {
        const given = values.map((v, i) => (v === null ? null : makers[i]!(v)))
        try {
          const rows = notPromise((fn as (...a: unknown[]) => unknown)(...given), name)
          for (const row of iterable(rows)) yield rowFromJs(schema, row, zone)
        } catch (error) {
          throw userFailure(name, error, given)
        }
      }
    },
  }
}

/** What gives rows; text is a value, not a list of characters. */
export function iterable(rows: unknown): Iterable<unknown> {
  if (rows === null || rows === undefined) return []
  if (typeof rows === 'object' && Symbol.iterator in rows) return rows as Iterable<unknown>
  throw new ExecutionError(
    'ROW_SHAPE_MISMATCH',
    { reason: `${typeof rows} where several rows are wanted` },
    { hint: 'give an array or be a generator' },
  )
}
