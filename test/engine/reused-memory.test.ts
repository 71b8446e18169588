import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Batch } from '../../src/columns/batch.ts'
import { millrace, Trigger, type StreamingQueryProgress } from '../../src/index.ts'

/** More than three blocks of a file reader: rows of an earlier block must be gone through before it is overwritten. */
const ROWS = 30_000
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-reuse-'))
const input = path.join(dir, 'in')
const session = millrace({
  'spark.sql.session.timeZone': 'UTC',
  'millrace.durability': 'process',
  // One test makes state under a sink that lets go of its rows and looks at it under one that shows them.
  'millrace.checkpoint.allowSinkChange': 'true',
})

const nameOf = (i: number): string => (i % 7 === 0 ? `quo"ted ${i}` : `name ${i} ${'x'.repeat(i % 60)}`)

beforeAll(() => {
  fs.mkdirSync(input)
  const line = (i: number): string => JSON.stringify({ kind: i % 3, id: i, name: nameOf(i), pad: 'p'.repeat(60) })
  for (const part of [0, 1]) {
    const lines = Array.from({ length: ROWS / 2 }, (_, i) => line(part * (ROWS / 2) + i))
    fs.writeFileSync(path.join(input, `part-${part}.jsonl`), `${lines.join('\n')}\n`)
  }
})
afterAll(() => fs.rmSync(dir, { recursive: true }))

const events = () =>
  session.readStream
    .format('json')
    .schema('kind INT, id BIGINT, name STRING')
    .option('maxFilesPerTrigger', 1)
    .load(input)

async function progressOf(
  run: () => Promise<{ awaitTermination(): Promise<unknown> }>,
): Promise<StreamingQueryProgress[]> {
  const seen: StreamingQueryProgress[] = []
  const listener = { onQueryProgress: ({ progress }: { progress: StreamingQueryProgress }) => void seen.push(progress) }
  session.streams.addListener(listener)
  await (await run()).awaitTermination()
  session.streams.removeListener(listener)
  return seen
}

const wanted = Array.from({ length: ROWS }, (_, i) => i).filter((i) => i % 3 === 1)

test('a sink that is done with each batch, over a source that uses its memory again', async () => {
  const out = path.join(dir, 'out')
  const progress = await progressOf(() =>
    events()
      .where('kind = 1')
      .select('id', 'name')
      .writeStream.format('json')
      .option('path', out)
      .option('checkpointLocation', path.join(dir, 'c1'))
      .trigger(Trigger.AvailableNow())
      .start(),
  )
  const lines = fs
    .readdirSync(out)
    .filter((f) => f.startsWith('part-'))
    .sort()
    .flatMap((f) => fs.readFileSync(path.join(out, f), 'utf8').trim().split('\n'))
  expect(lines.map((l) => JSON.parse(l) as unknown)).toEqual(wanted.map((i) => ({ id: i, name: nameOf(i) })))
  // Rows a pushed-down predicate left out were read too.
  expect(progress.map((p) => p.numInputRows)).toEqual([ROWS / 2, ROWS / 2])
  expect(Number(progress[0]!.sources[0]!.metrics['slowRows'])).toBeGreaterThan(0)
})

test('a sink that keeps batches gets memory of its own', async () => {
  const kept: Batch[] = []
  await progressOf(() =>
    events()
      .where('kind = 1')
      .select('id', 'name')
      .writeStream.format('foreachBatch')
      .option('id', 'keep')
      .withObject('keep', (batches: readonly Batch[]) => void kept.push(...batches))
      .option('checkpointLocation', path.join(dir, 'c2'))
      .trigger(Trigger.AvailableNow())
      .start(),
  )
  const rows = kept.flatMap((b) => Array.from({ length: b.rowCount }, (_, i) => b.row(i)))
  expect(rows).toEqual(wanted.map((i) => [BigInt(i), nameOf(i)]))
})

test('state keeps its own copy of keys and values', async () => {
  events().createOrReplaceTempView('reused')
  const counts = () =>
    session
      .sql('SELECT substr(name, 1, 6) AS k, count(*) AS n, max(name) AS m FROM reused GROUP BY substr(name, 1, 6)')
      .writeStream.outputMode('complete')
      .option('checkpointLocation', path.join(dir, 'c3'))
      .trigger(Trigger.AvailableNow())
  await progressOf(() => counts().format('noop').start())
  // A second life reads the state the first one made, and one row more.
  fs.writeFileSync(path.join(input, 'part-2.jsonl'), `${JSON.stringify({ kind: 0, id: ROWS, name: nameOf(ROWS) })}\n`)
  const out: Batch[] = []
  await progressOf(() =>
    counts()
      .format('foreachBatch')
      .option('id', 'state')
      .withObject('state', (batches: readonly Batch[]) => void out.splice(0, out.length, ...batches))
      .start(),
  )
  const groups = new Map<string, { n: bigint; m: string }>()
  for (let i = 0; i <= ROWS; i++) {
    const name = nameOf(i)
    const g = groups.get(name.slice(0, 6))
    groups.set(name.slice(0, 6), { n: (g?.n ?? 0n) + 1n, m: g === undefined || name > g.m ? name : g.m })
  }
  const rows = out.flatMap((b) => Array.from({ length: b.rowCount }, (_, i) => b.row(i)))
  expect(new Map(rows.map(([k, n, m]) => [k, { n, m }]))).toEqual(groups)
})

test('a join of streams keeps its own copy of the rows it buffers', async () => {
  const out = path.join(dir, 'joined')
  events().createOrReplaceTempView('joined')
  await progressOf(() =>
    session
      .sql(
        'SELECT a.id, a.name, b.name AS other FROM joined a JOIN joined b ON a.id + 1 = b.id WHERE a.kind = 1 AND b.kind = 2',
      )
      .writeStream.format('json')
      .option('path', out)
      .option('checkpointLocation', path.join(dir, 'c4'))
      .trigger(Trigger.AvailableNow())
      .start(),
  )
  const lines = fs
    .readdirSync(out)
    .filter((f) => f.startsWith('part-'))
    .flatMap((f) => fs.readFileSync(path.join(out, f), 'utf8').trim().split('\n'))
  const rows = lines.map((l) => JSON.parse(l) as { id: number }).sort((a, b) => a.id - b.id)
  expect(rows).toEqual(wanted.map((i) => ({ id: i, name: nameOf(i), other: nameOf(i + 1) })))
})
