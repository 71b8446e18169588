import type { Shape } from './shape.ts'

const RECORDED: Readonly<Record<string, readonly string[]>> = {
  'UNION of two streams': ['err-union-distinct-append'],
  'UNION ALL of two streams': ['union-by-position-types-widen'],
  'INTERSECT of two streams': ['err-intersect-streams'],
  'EXCEPT of a stream and a table': ['except-stream-static'],
  'EXCEPT of a table and a stream': ['err-except-static-minus-stream'],
}

const SIDES = [
  ['two streams', 'SELECT user FROM raw_clicks', 'SELECT user FROM raw_buys'],
  ['two streams, by event time', 'SELECT ts, user FROM clicks', 'SELECT ts, user FROM buys'],
  ['a stream and a table', 'SELECT user FROM raw_clicks', 'SELECT user FROM users'],
  ['a table and a stream', 'SELECT user FROM users', 'SELECT user FROM raw_clicks'],
] as const

/** UNION, INTERSECT and EXCEPT of streams and tables. */
export const SETS: readonly Shape[] = [
  'UNION ALL',
  'UNION',
  'INTERSECT',
  'INTERSECT ALL',
  'EXCEPT',
  'EXCEPT ALL',
].flatMap((operation) =>
  SIDES.map(([sides, left, right]): Shape => {
    const name = `${operation} of ${sides}`
    return {
      name,
      query: `${left} ${operation} ${right}`,
      ...(operation.endsWith('ALL') ? {} : { key: left.includes('ts') ? ['ts', 'user'] : ['user'] }),
      recorded: RECORDED[name] ?? [],
    }
  }),
)
