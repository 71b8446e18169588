import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type DataFrame,
  millrace,
  MillraceSession,
  type RestartPolicy,
  type StreamingQuery,
} from '../../../src/index.ts'
import { Cluster, numbered } from './cluster.ts'

/** How long the broker is away, beside the seconds it takes to start. The limits of impatient clients are a tenth of it. */
const AWAY_MS = 3000
const IMPATIENT = { 'kafka.default.api.timeout.ms': AWAY_MS / 10 }
const POLICY: RestartPolicy = { maxAttempts: 1000, backoffMs: 10 }

let cluster: Cluster
beforeAll(async () => {
  // A broker that was killed is let in again only when its session is over.
  cluster = await Cluster.start({
    properties: { 'broker.session.timeout.ms': 1000, 'broker.heartbeat.interval.ms': 200 },
  })
}, 180_000)
afterAll(() => cluster?.stop())

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i)
type Settings = Readonly<Record<string, string | number>>

/** A query into a topic of its own, in a session of its own, and what was said about it. */
class Watched {
  readonly notes: string[] = []
  readonly session = new MillraceSession({}, { note: (line) => void this.notes.push(line) })
  /** Every text its status had. */
  readonly said = new Set<string>()
  readonly to: string
  #query: StreamingQuery | null = null
  #ended = false

  constructor(to: string) {
    this.to = to
    void (async () => {
      for (; !this.#ended; await sleep(20))
        for (const { status } of this.session.streams.active) this.said.add(status.message)
    })()
  }

  get query(): StreamingQuery {
    return this.#query!
  }

  async start(df: DataFrame, settings: Settings, restart?: RestartPolicy): Promise<void> {
    this.#query = await df.writeStream
      .format('kafka')
      .options({ ...cluster.options, ...settings, topic: this.to })
      .option('checkpointLocation', mkdtempSync(join(tmpdir(), 'kafka-away-')))
      .start(restart === undefined ? {} : { restart })
  }

  copy(from: string, settings: Settings, restart?: RestartPolicy): Promise<void> {
    const options = { ...cluster.options, ...settings, subscribe: from, startingOffsets: 'earliest' }
    const df = this.session.readStream
      .format('kafka')
      .options({ ...options, maxOffsetsPerTrigger: 20 })
      .load()
    return this.start(df.select('key', 'value'), settings, restart)
  }

  async hasBatch(batchId: number): Promise<void> {
    while ((this.query.lastProgress?.batchId ?? -1) < batchId) await sleep(5)
  }

  /** The numbers it wrote, as committed readers see them, sorted. */
  async written(): Promise<number[]> {
    await this.query.processAllAvailable()
    await using reading = millrace()
    const df = reading.read
      .format('kafka')
      .options({ ...cluster.options, subscribe: this.to, 'kafka.isolation.level': 'read_committed' })
      .load()
    const rows = await df.selectExpr('CAST(CAST(value AS STRING) AS INT) AS n').collect()
    return rows.map((r) => Number(r['n'])).sort((a, b) => a - b)
  }

  saidLike(pattern: RegExp): boolean {
    return [...this.said].some((text) => pattern.test(text))
  }

  get restarts(): number {
    return this.notes.filter((n) => n.startsWith('restart ')).length
  }

  async stop(): Promise<void> {
    this.#ended = true
    await this.session.stop()
  }
}

test('queries live through the death of the only broker, each in its way, and each row is written once', async () => {
  const from = await cluster.topic(2)
  await cluster.send(from, numbered(400))
  const [patient, impatient, sinkOnly, late] = [
    new Watched(await cluster.topic(2)),
    new Watched(await cluster.topic(2)),
    new Watched(await cluster.topic(1)),
    new Watched(await cluster.topic(1)),
  ]
  const all = [patient, impatient, sinkOnly, late]
  try {
    await patient.copy(from, {})
    await impatient.copy(from, IMPATIENT, POLICY)
    const { stream, df } = sinkOnly.session.memoryStream('value STRING')
    await sinkOnly.start(df, {})
    stream.addData(upTo(10).map((n) => ({ value: String(n) })))
    for (const watched of [patient, impatient, sinkOnly]) await watched.hasBatch(0)

    await cluster.broker.kill()
    stream.addData(upTo(10).map((n) => ({ value: String(10 + n) })))
    await expect(late.copy(from, IMPATIENT)).rejects.toMatchObject({ code: 'KAFKA_CONNECTION_FAILED' })
    const started = late.copy(from, IMPATIENT, POLICY)
    await sleep(AWAY_MS)
    await cluster.broker.restart()
    await started

    await cluster.send(from, numbered(100, 400))
    for (const copied of [patient, impatient, late]) expect(await copied.written()).toEqual(upTo(500))
    expect(await sinkOnly.written()).toEqual(upTo(20))

    // The client asks again; the status says what of the query waits, for how long, and for what.
    expect(patient.saidLike(/^(source kafka-0|sink): .*stalled for \d{4,} ms, trying again: .*KAFKA_/)).toBe(true)
    expect(sinkOnly.saidLike(/^sink: stalled for \d{4,} ms, trying again: .*KAFKA_CONNECTION_FAILED/)).toBe(true)
    expect([patient.restarts, sinkOnly.restarts]).toEqual([0, 0])
    // Where the client gives up sooner, the policy begins again; a start under it waits as well.
    expect(impatient.saidLike(/^Restarting after: .*KAFKA_CONNECTION_FAILED/)).toBe(true)
    expect(impatient.restarts).toBeGreaterThan(2)
    expect(late.saidLike(/^Starting again after: .*KAFKA_CONNECTION_FAILED/)).toBe(true)
    expect(late.restarts).toBeGreaterThan(2)
    for (const { query } of all) expect(query.status.message).not.toMatch(/stalled|after:/)
  } finally {
    for (const watched of all) await watched.stop()
  }
})
