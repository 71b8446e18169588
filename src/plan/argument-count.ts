import { AnalysisError } from '../errors/errors.ts'
import type { AstCall } from '../sql/ast.ts'

type Range = readonly [least: number, most: number]

/** How many arguments the calls take that are not entries of the registry: special forms, and functions that need OVER. */
const COUNTS: Readonly<Record<string, Range | undefined>> = Object.assign(
  Object.create(null) as Record<string, Range>,
  {
    coalesce: [1, Infinity],
    ifnull: [2, 2],
    nvl: [2, 2],
    nvl2: [3, 3],
    nullif: [2, 2],
    if: [3, 3],
    typeof: [1, 1],
    between: [3, 3],
    in: [2, Infinity],
    current_timestamp: [0, 0],
    now: [0, 0],
    current_date: [0, 0],
    curdate: [0, 0],
    localtimestamp: [0, 0],
    // CAST takes `value AS type`; a call of that name is never right.
    cast: [1, 0],
    grouping: [1, 1],
    window: [2, 4],
    session_window: [2, 2],
    window_time: [1, 1],
    calendar_window: [2, 4],
    boolean: [1, 1],
    tinyint: [1, 1],
    smallint: [1, 1],
    int: [1, 1],
    bigint: [1, 1],
    float: [1, 1],
    double: [1, 1],
    decimal: [1, 1],
    string: [1, 1],
    binary: [1, 1],
    date: [1, 1],
    timestamp: [1, 1],
    row_number: [0, 0],
    cume_dist: [0, 0],
    ntile: [0, 1],
    lag: [0, 3],
    lead: [0, 3],
    nth_value: [2, 3],
    counter_diff: [1, 2],
  } satisfies Record<string, Range>,
)

const plural = (n: number): string => `${n} argument${n === 1 ? '' : 's'}`

/** WRONG_NUM_ARGS unless a special form or a function that needs OVER may have `actual` arguments. */
export function checkArgumentCount(name: string, actual: number, call: AstCall): void {
  const [least, most] = COUNTS[name] ?? [0, Infinity]
  if (actual >= least && actual <= most) return
  const expected =
    least > most
      ? 'a value AS a type'
      : least === most
        ? plural(least)
        : most === Infinity
          ? `at least ${plural(least)}`
          : `${least} to ${plural(most)}`
  throw new AnalysisError('WRONG_NUM_ARGS.WITHOUT_SUGGESTION', { function: name, expected, actual }, { at: call.at })
}
