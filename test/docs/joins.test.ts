import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as api from '../../src/index.ts'

/** The examples of the page by the heading each stands under. */
function examples(): [heading: string, code: string][] {
  const page = readFileSync(join(import.meta.dirname, '../../docs/joins.md'), 'utf8')
  return page
    .split(/^## /m)
    .slice(1)
    .flatMap((part) => {
      const heading = part.split('\n', 1)[0]!
      return [...part.matchAll(/^```ts\n(.*?)^```$/gms)].map((m): [string, string] => [heading, m[1]!])
    })
}

/** What each example prints. */
const PRINTED: Readonly<Record<string, unknown>> = {
  'A stream and a table': [[['[1,2]', '[2,null]']]],
  'Reading the table again': [
    [
      [
        { id: 3, city: 'Paris' },
        { id: 4, city: 'Rome' },
      ],
    ],
    [[[2, 1]]],
  ],
  'A table whose rows the join keeps': [[['["Ada",5]', '["Bob",null]']]],
  'Two streams': [[['[8]', '[9]']]],
  'EXCEPT ALL and INTERSECT ALL': [[['["Ada"]', '["Bob"]']]],
}

describe('docs/joins.md', () => {
  test.each(examples())('%s', async (heading, code) => {
    const work = mkdtempSync(join(tmpdir(), 'millrace-joins-'))
    const customers = join(work, 'customers.json')
    const rename = (name: string, city: string): void => writeFileSync(customers, JSON.stringify({ name, city }) + '\n')
    rename('Ada', 'Paris')
    const session = new api.MillraceSession(
      { 'millrace.durability': 'process', 'spark.sql.session.timeZone': 'UTC', 'millrace.int64': 'number' },
      { note: () => undefined },
    )
    const feed = (name: string): ((...rows: readonly unknown[][]) => void) => {
      const { stream, df } = session.memoryStream('id INT, customer STRING, time TIMESTAMP')
      df.withWatermark('time', '5 seconds').createOrReplaceTempView(name)
      return (...rows) => void stream.addData(rows)
    }
    const printed: unknown[][] = []
    const scope = {
      session,
      customers,
      rename,
      addOrders: feed('orders'),
      addPayments: feed('payments'),
      at: (second: number) => new Date(second * 1000),
      show: async (sql: string) => {
        const query = await session.sql(sql).writeStream.format('memory').queryName('shown').start()
        await query.processAllAvailable()
        await query.stop()
        const rows = await session.table('shown').collect()
        printed.push([rows.map((r) => JSON.stringify(Object.values(r))).sort()])
      },
      console: { log: (...args: unknown[]) => void printed.push(args) },
    }
    const make = new Function(...Object.keys(scope), `return (async () => {\n${code}\n})()`) as (
      ...args: unknown[]
    ) => Promise<void>
    try {
      await make(...Object.values(scope))
    } finally {
      await session.stop()
      rmSync(work, { recursive: true, force: true })
    }
    expect(JSON.parse(JSON.stringify(printed))).toEqual(PRINTED[heading])
  })
})
