import { expect, test } from 'vitest'
import { type DataFrame, MillraceSession } from '../../src/index.ts'

function devices(): { session: MillraceSession; notes: string[] } {
  const notes: string[] = []
  const session = new MillraceSession(
    { 'spark.sql.session.timeZone': 'UTC' },
    { note: (line) => void notes.push(line.replace(/^warning: /, '')) },
  )
  const make = (name: string, column: 'time' | 'timestamp'): void =>
    session
      .memoryStream('deviceType STRING, time TIMESTAMP, timestamp TIMESTAMP, signal DOUBLE')
      .df.withWatermark(column, '10 minutes')
      .createOrReplaceTempView(name)
  make('events', 'time')
  make('other', 'time')
  return { session, notes }
}

async function started(sql: string, mode: 'append' | 'update' | 'complete'): Promise<string[]> {
  const { session, notes } = devices()
  await session.sql(sql).writeStream.format('noop').outputMode(mode).start()
  await session.stop()
  return notes
}

const windowed = (column: string): string =>
  `SELECT window(${column}, '5 seconds') AS w, deviceType, avg(signal) AS s FROM events GROUP BY 1, 2`

test('a watermark on another column than the window is said at start and in EXPLAIN', async () => {
  const warning =
    'the watermark is on "time", the window on "timestamp": the state is never released and no row is late; put the watermark on the column of the window'
  expect(await started(windowed('timestamp'), 'update')).toEqual([warning])
  expect(await started(windowed('timestamp'), 'complete')).toEqual([])
  const { session } = devices()
  const query = await session.sql(windowed('timestamp')).writeStream.format('noop').outputMode('update').start()
  const text = query.explainString()
  await session.stop()
  expect(text).toContain(`== Warnings ==\n${warning}\n`)
  expect(text).toContain('UNBOUNDED')
})

test('the corrected query has none, in append and update', async () => {
  expect(await started(windowed('time'), 'append')).toEqual([])
  expect(await started(windowed('time'), 'update')).toEqual([])
})

test('keys without the watermark column, in aggregations and deduplication', async () => {
  const [grouped] = await started('SELECT deviceType, count(*) AS n FROM events GROUP BY deviceType', 'update')
  expect(grouped).toContain('"time", which is no key of the aggregation by "deviceType"')
  const dedup = async (make: (events: DataFrame) => DataFrame): Promise<string[]> => {
    const { session, notes } = devices()
    await make(session.table('events')).writeStream.format('noop').start()
    await session.stop()
    return notes
  }
  expect((await dedup((e) => e.dropDuplicates(['deviceType'])))[0]).toContain('every key is kept for ever')
  expect(await dedup((e) => e.dropDuplicates(['deviceType', 'time']))).toEqual([])
  expect(await dedup((e) => e.dropDuplicatesWithinWatermark(['deviceType']))).toEqual([])
})

test('a join of streams that keeps a side for ever names it', async () => {
  const join = (more: string): string =>
    `SELECT l.deviceType FROM events l JOIN other r ON l.deviceType = r.deviceType ${more}`
  expect(await started(join(''), 'append')).toEqual([
    'the inner join keeps every row of the left and of the right side for ever: no condition bounds their event times',
  ])
  const [one] = await started(join('AND l.time >= r.time'), 'append')
  expect(one).toMatch(/keeps every row of the right side for ever/)
  expect(
    await started(join('AND l.time BETWEEN r.time - INTERVAL 1 MINUTE AND r.time + INTERVAL 1 MINUTE'), 'append'),
  ).toEqual([])
})

test('bounds in a WHERE count; semi, anti and outer joins name the side that nothing bounds', async () => {
  const within = 'l.time BETWEEN r.time - INTERVAL 1 MINUTE AND r.time + INTERVAL 1 MINUTE'
  const where = `SELECT l.deviceType FROM events l, other r WHERE l.deviceType = r.deviceType AND ${within}`
  expect(await started(where, 'append')).toEqual([])
  const oneSided = (how: string): string =>
    `SELECT l.deviceType FROM events l ${how} JOIN other r ON l.deviceType = r.deviceType AND r.time <= l.time`
  for (const [how, name] of [
    ['LEFT SEMI', 'left semi'],
    ['LEFT ANTI', 'left anti'],
    ['LEFT', 'left outer'],
  ] as const)
    expect(await started(oneSided(how), 'append')).toEqual([
      `the ${name} join keeps every row of the right side for ever: no condition bounds their event times`,
    ])
  expect(await started(oneSided('FULL'), 'append')).toEqual([
    'the full outer join keeps every row of the right side for ever: no condition bounds their event times',
    'the full outer join never gives the rows of the right side that have no match',
  ])
})

test('an aggregation by a time that the join below does not bound is told what it loses', async () => {
  const query = (time: string): string =>
    `SELECT window(t, '5 seconds') AS w, count(*) AS n FROM (SELECT ${time} AS t FROM events l
     JOIN other r ON l.deviceType = r.deviceType AND r.time >= l.time) GROUP BY 1`
  expect(await started(query('l.time'), 'append')).toContainEqual(
    expect.stringContaining('come too late for the aggregation above it and are dropped'),
  )
  expect(await started(query('r.time'), 'append')).toEqual([
    'the inner join keeps every row of the left side for ever: no condition bounds their event times',
  ])
})
