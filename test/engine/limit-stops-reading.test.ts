import { expect, test } from 'vitest'
import { batchesOf, defineSource, expr, millrace, Observation, parseSchema } from '../../src/index.ts'

/** More rows than any test could wait for. */
const ENDLESS = 'range(1000000000000)'

const counted = async (sql: string): Promise<readonly unknown[]> => {
  await using session = millrace({ 'millrace.int64': 'number' })
  const rows = await session.sql(sql).collect({ timeoutMs: 20_000 })
  return rows.map((r) => Object.values(r)[0])
}

test.each([
  [`SELECT id FROM ${ENDLESS} LIMIT 3`, [0, 1, 2]],
  [`SELECT id FROM ${ENDLESS} LIMIT 0`, []],
  [`SELECT id * 2 AS x FROM ${ENDLESS} WHERE id % 2 = 1 LIMIT 2 OFFSET 1`, [6, 10]],
  [`SELECT id FROM range(2) UNION ALL SELECT id FROM ${ENDLESS} LIMIT 4`, [0, 1, 0, 1]],
  [`SELECT id FROM ${ENDLESS} UNION ALL SELECT id FROM ${ENDLESS} LIMIT 2`, [0, 1]],
  [`SELECT a.id FROM ${ENDLESS} a JOIN range(3) b ON a.id = b.id LIMIT 2`, [0, 1]],
  ['SELECT count(*) FROM (SELECT 1 FROM range(200000) a, range(200000) b LIMIT 9)', [9]],
  [`SELECT sum(id) FROM (SELECT id FROM ${ENDLESS} LIMIT 20000)`, [199990000]],
  // What the limit leaves out raises nothing.
  [`SELECT 6 % (id - 3) AS x FROM ${ENDLESS} LIMIT 3`, [0, 0, 0]],
])('%s', async (sql, wanted) => expect(await counted(sql)).toEqual(wanted))

test('a source is read no further than the limit, and closed', async () => {
  const schema = parseSchema('n INT')
  const log: string[] = []
  await using session = millrace()
  session.registerSource(
    defineSource({
      format: 'pieces',
      doc: 'Pieces of two rows, for tests.',
      options: {},
      replay: 'native',
      supports: ['batch'],
      schema: () => schema,
      open: async (_, ctx) => ({
        initialOffset: async () => 0,
        latestOffset: async () => 9,
        read: async function* () {
          for (let i = 0; ; i += 2) {
            log.push(`read ${i}`)
            yield* batchesOf(schema, [{ n: i }, { n: i + 1 }], ctx)
          }
        },
        close: async () => void log.push('close'),
      }),
      describe: () => 'Pieces',
    }),
  )
  const rows = await session.read.format('pieces').load().limit(3).collect()
  expect(rows.map((r) => r['n'])).toEqual([0, 1, 2])
  expect(log).toEqual(['read 0', 'read 2', 'close'])
})

test('metrics observed below a limit are those of all rows', async () => {
  await using session = millrace({ 'millrace.int64': 'number' })
  const seen = new Observation('seen')
  const df = session.range(100_000).observe(seen, expr('count(*)').alias('n')).limit(2)
  expect(await df.count()).toBe(2)
  expect((await seen.get())['n']).toBe(100_000n)
})
