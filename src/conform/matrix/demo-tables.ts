import type { MillraceSession } from '../../session.ts'

/** A table that the shapes read. */
export interface DemoTable {
  readonly name: string
  /** Columns as DDL. */
  readonly schema: string
  readonly rows: readonly (readonly unknown[])[]
  readonly watermark?: readonly [column: string, delay: string]
  readonly static?: boolean
}

const at = (second: number): string => `2026-01-01 00:00:${String(second).padStart(2, '0')}`

const CLICKS = {
  schema: 'ts TIMESTAMP, user STRING, page STRING, n INT, tags ARRAY<STRING>',
  // No row lags more than the delay of the watermark: none is late, however the rows are cut into batches.
  rows: [
    [at(1), 'ann', 'home', 1, ['a', 'b']],
    [at(3), 'bob', 'home', 2, []],
    [at(2), 'ann', 'cart', 1, ['b']],
    [at(2), 'ann', 'cart', 1, ['b']],
    [at(9), 'eve', 'home', 5, null],
    [at(12), 'ann', 'home', 3, ['a']],
    [at(11), 'bob', 'cart', 2, ['c']],
    [at(24), 'ann', 'help', 4, ['c', 'd']],
    [at(26), 'zoe', 'home', 1, ['d']],
    [at(38), 'bob', 'home', 7, ['a']],
    [at(38), 'bob', 'home', 7, ['a']],
    [at(55), 'ann', 'cart', 2, ['e']],
  ],
}

const BUYS = {
  schema: 'ts TIMESTAMP, user STRING, amount INT',
  rows: [
    [at(2), 'ann', 10],
    [at(4), 'bob', 5],
    [at(9), 'joe', 8],
    [at(13), 'ann', 20],
    [at(25), 'zoe', 1],
    [at(40), 'bob', 7],
    [at(55), 'ann', 3],
  ],
}

/** Two streams, each with a watermark and without, and tables that end. */
export const DEMO_TABLES: readonly DemoTable[] = [
  { name: 'clicks', ...CLICKS, watermark: ['ts', '10 seconds'] },
  { name: 'raw_clicks', ...CLICKS },
  { name: 'buys', ...BUYS, watermark: ['ts', '10 seconds'] },
  { name: 'raw_buys', ...BUYS },
  {
    name: 'users',
    static: true,
    schema: 'user STRING, country STRING',
    rows: [
      ['ann', 'at'],
      ['bob', 'be'],
      ['kim', 'kr'],
    ],
  },
  {
    name: 'offers',
    static: true,
    schema: 'user STRING, since TIMESTAMP, until TIMESTAMP',
    rows: [
      ['ann', at(0), at(10)],
      ['bob', at(35), at(50)],
      ['kim', at(0), at(59)],
    ],
  },
]

/** Registers the tables as views of a session; its streams hold no rows. */
export function demoViews(session: MillraceSession): void {
  for (const { name, schema, rows, watermark, static: bounded } of DEMO_TABLES) {
    if (bounded) session.createDataFrame(rows, schema).createOrReplaceTempView(name)
    else {
      const { df } = session.memoryStream(schema)
      const marked = watermark === undefined ? df : df.withWatermark(...(watermark as [never, string]))
      marked.createOrReplaceTempView(name)
    }
  }
}
