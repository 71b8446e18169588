import { userInfo } from 'node:os'
import { isCode } from '../../errors/codes.ts'
import { ExecutionError } from '../../errors/errors.ts'
import { BIGINT, BOOLEAN, INT, mapOf, STRING, typeName, VOID } from '../../types/data-type.ts'
import type { MapValue, Value } from '../../types/value.ts'
import { arg, scalar, type EvalFn, type FunctionEntry, type ScalarEntry } from '../entry.ts'

const group = 'misc'

const raise = (message: string): never => {
  throw new ExecutionError('USER_RAISED_EXCEPTION', { message })
}

/** A text that is the same for the whole session. */
function fixed(
  name: string,
  aliases: readonly string[],
  doc: string,
  value: (timeZone: string) => string,
  sql: string,
  gives: string,
): ScalarEntry {
  return scalar(name, [], STRING, {
    group,
    aliases,
    doc,
    examples: [{ sql, gives }],
    bind: (site) => {
      const text = value(site.env.timeZone)
      return () => text
    },
    codegen: (_args, site) => site.constant(value(site.env.timeZone)),
  })
}

/** The name of the operating system's user; `unknown` where the system has none for the process. */
function user(): string {
  try {
    return userInfo().username
  } catch {
    return 'unknown' // a container may run under an id without a name
  }
}

/** The version of Spark whose answers millrace gives. */
const SPARK_VERSION = '4.3.0'

/** Functions about types, the session, and errors. */
export const entries: readonly FunctionEntry[] = [
  scalar('typeof', [arg('value', 'ANY')], undefined, {
    group,
    doc: 'Returns the name of the type of `value`.',
    examples: [{ sql: 'typeof(1.5)', gives: 'decimal(2,1)' }],
    nulls: 'handles',
    resolve: (args) => ({ args, type: STRING, nullable: false }),
    bind: (site): EvalFn => {
      const name = typeName(site.args[0]!)
      return () => name
    },
    codegen: (_args, site) => JSON.stringify(typeName(site.args[0]!)),
  }),
  scalar(
    'raise_error',
    [arg('message', 'ANY'), arg('parameters', mapOf(STRING, STRING), { optional: true })],
    undefined,
    {
      group,
      doc: 'Fails with `message`; with a map of parameters, `message` is the condition to fail with.',
      examples: [{ sql: "if(true, 'fine', raise_error('broken'))", gives: 'fine' }],
      nulls: 'handles',
      deterministic: false,
      resolve: (args) => ({
        args: args.map((_, i) => (i === 0 ? STRING : mapOf(STRING, STRING))),
        type: VOID,
        nullable: true,
      }),
      eval: (message: string | null, parameters?: MapValue | null) => {
        if (!parameters) return raise(message ?? 'null')
        if (message !== null && message !== 'USER_RAISED_EXCEPTION' && isCode(message))
          throw new ExecutionError(
            message,
            Object.fromEntries(parameters.keys.map((k, i) => [String(k), String(parameters.values[i])])),
          )
        return raise(
          parameters.keys.map((k, i) => `${String(k)}: ${String(parameters.values[i])}`).join(', ') ||
            (message ?? 'null'),
        )
      },
    },
  ),
  scalar(
    'assert_true',
    [arg('condition', BOOLEAN, { exact: true }), arg('message', STRING, { optional: true })],
    VOID,
    {
      group,
      doc: 'Returns NULL when `condition` is true, else fails with `message`.',
      examples: [{ sql: 'assert_true(1 = 1)', gives: 'NULL' }],
      nulls: 'handles',
      deterministic: false,
      eval: (condition: boolean | null, message: Value = 'the condition of assert_true is not true') =>
        condition === true ? null : raise(String(message)),
    },
  ),
  fixed(
    'version',
    [],
    'Returns the version of Spark that millrace agrees with, and millrace’s mark.',
    () => `${SPARK_VERSION} millrace`,
    'length(version()) > 5',
    'true',
  ),
  fixed(
    'current_user',
    ['session_user', 'user'],
    'Returns the name of the user the process runs as.',
    user,
    'current_user() = session_user()',
    'true',
  ),
  fixed(
    'current_catalog',
    [],
    'Returns the name of the catalog.',
    () => 'spark_catalog',
    'current_catalog()',
    'spark_catalog',
  ),
  fixed(
    'current_database',
    ['current_schema'],
    'Returns the name of the current schema.',
    () => 'default',
    'current_database()',
    'default',
  ),
  fixed(
    'current_path',
    [],
    'Returns where functions are looked for.',
    () => 'system.builtin,system.session,spark_catalog.default',
    'current_path() IS NOT NULL',
    'true',
  ),
  fixed(
    'input_file_name',
    [],
    'Returns the file the row was read from; empty where it is none.',
    () => '',
    'length(input_file_name())',
    '0',
  ),
  scalar('input_file_block_start', [], BIGINT, {
    group,
    doc: 'Returns where in its file the row’s block begins; −1 where it is read from no file.',
    examples: [{ sql: 'input_file_block_start()', gives: '-1' }],
    eval: () => -1n,
  }),
  scalar('input_file_block_length', [], BIGINT, {
    group,
    doc: 'Returns the size of the row’s block; −1 where it is read from no file.',
    examples: [{ sql: 'input_file_block_length()', gives: '-1' }],
    eval: () => -1n,
  }),
  scalar('spark_partition_id', [], INT, {
    group,
    doc: 'Returns the partition of the row: always 0, a query runs as one.',
    examples: [{ sql: 'spark_partition_id()', gives: '0' }],
    deterministic: false,
    eval: () => 0,
  }),
  scalar('monotonically_increasing_id', [], BIGINT, {
    group,
    doc: 'Returns 0, 1, 2, … down the rows.',
    examples: [{ sql: 'monotonically_increasing_id()', gives: '0' }],
    deterministic: false,
    bind: () => {
      let next = 0n
      return () => next++
    },
  }),
]
