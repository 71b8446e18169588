/**
 * How fast JSON lines become columns, and columns JSON lines: lines a second of one thread, best of several rounds.
 *
 *   node bench/decode.js DIR [ROUNDS=7] [CASE]      DIR: node gen.mjs nexmark DIR 500000
 *
 * `cpu` is nanoseconds of processor time a line, which a busy machine disturbs less than the clock.
 */
import fs from 'node:fs'
import path from 'node:path'
import { Batch } from '../src/columns/batch.ts'
import { LineReader } from '../src/connectors/files/read-lines.ts'
import { jsonDecoder } from '../src/formats/json/decode.ts'
import { jsonEncoder } from '../src/formats/json/encode.ts'
import type { DecodePredicate } from '../src/formats/decode-plan.ts'
import {
  BIGINT,
  decimal,
  field,
  INT,
  type Field,
  type Schema,
  schemaOf,
  STRING,
  structOf,
  TIMESTAMP,
} from '../src/types/data-type.ts'

const [dir, roundsText, only] = process.argv.slice(2)
const rounds = Number(roundsText ?? 7)

const auction = field('auction', BIGINT)
const bidder = field('bidder', BIGINT)
const price = field('price', BIGINT)
const channel = field('channel', STRING)
const url = field('url', STRING)
const dateTime = field('dateTime', TIMESTAMP)
const extra = field('extra', STRING)
const bids = (...members: Field[]): Schema => schemaOf(field('event_type', INT), field('bid', structOf(members)))
const isBid: DecodePredicate[] = [{ column: ['event_type'], op: '=', literal: 2 }]

interface Case {
  readonly name: string
  readonly schema: Schema
  readonly predicates: readonly DecodePredicate[]
}

const nexmark: Case[] = [
  { name: 'q0', schema: bids(auction, bidder, price, channel, url, dateTime, extra), predicates: isBid },
  { name: 'q0 without predicate', schema: bids(auction, bidder, price, channel, url, dateTime, extra), predicates: [] },
  { name: 'q1', schema: bids(auction, bidder, price, dateTime, extra), predicates: isBid },
  { name: 'q2', schema: bids(auction, price), predicates: isBid },
  { name: 'q7', schema: bids(auction, bidder, price, dateTime), predicates: isBid },
  { name: 'count', schema: schemaOf(), predicates: [] },
]

function report(name: string, lines: number, ns: number[], cpuNs: number[]): void {
  const rate = lines / (Math.min(...ns) / 1e9) / 1e6
  const median = lines / ([...ns].sort((a, b) => a - b)[ns.length >> 1]! / 1e9) / 1e6
  console.log(
    `${name.padEnd(32)} best ${rate.toFixed(2)} M/s   median ${median.toFixed(2)} M/s   cpu ${(Math.min(...cpuNs) / lines).toFixed(0)} ns`,
  )
}

function measure(name: string, body: () => number): void {
  if (only !== undefined && only !== name) return
  const ns: number[] = []
  const cpu: number[] = []
  let lines = 0
  for (let i = 0; i < rounds; i++) {
    const before = process.cpuUsage()
    const start = process.hrtime.bigint()
    lines = body()
    ns.push(Number(process.hrtime.bigint() - start))
    const used = process.cpuUsage(before)
    cpu.push((used.user + used.system) * 1000)
  }
  report(name, lines, ns, cpu)
}

function decodeFiles(files: readonly string[], c: Case, sink: (b: Batch) => void): number {
  const decoder = jsonDecoder(c.schema, { columns: [], predicates: c.predicates }, { timeZone: 'UTC' })
  const reader = new LineReader()
  let lines = 0
  for (const file of files) {
    for (const batch of reader.read({ path: file, timestamp: 0, size: fs.statSync(file).size }, decoder)) sink(batch)
    lines += reader.linesBefore
  }
  return lines
}

if (dir !== undefined) {
  const files = fs
    .readdirSync(dir)
    .sort()
    .map((n) => path.join(dir, n))
  for (const c of nexmark)
    measure(c.name, () => {
      let rows = 0
      return decodeFiles(files, c, (b) => (rows += b.rowCount))
    })
  const kept: Batch[] = []
  decodeFiles(files, nexmark[2]!, (b) => {
    const [, bid] = b.columns
    if (bid?.shape !== 'struct' || kept.length >= 20) return
    kept.push(
      new Batch(schemaOf(auction, bidder, field('price', decimal(18, 3)), dateTime, extra), bid.children, b.length),
    )
  })
  measure('encode q1', () => {
    const encoder = jsonEncoder(kept[0]!.schema, { timeZone: 'UTC' })
    let rows = 0
    for (let i = 0; i < 10; i++)
      for (const b of kept) {
        encoder.encode(b)
        encoder.take()
        rows += b.length
      }
    return rows
  })
}

/** 200-byte lines of seven columns, of which three are read. */
const wide = path.join(fs.mkdtempSync('/tmp/millrace-bench-'), 'wide.jsonl')
fs.writeFileSync(
  wide,
  Array.from({ length: 500_000 }, (_, i) =>
    JSON.stringify({
      ts: new Date(1767225600000 + i).toISOString(),
      user: `user-${i % 1000}`,
      url: `https://example.com/${'p'.repeat(40 + (i % 10))}/${i}`,
      status: 200 + (i % 5),
      bytes: i * 31,
      agent: 'Mozilla/5.0 (X11)',
      ok: i % 2 === 0,
    }),
  ).join('\n'),
)
const three = {
  name: '3 of 7 columns, 200-byte lines',
  schema: schemaOf(field('ts', TIMESTAMP), field('user', STRING), field('bytes', BIGINT)),
  predicates: [],
}
measure(three.name, () => decodeFiles([wide], three, () => {}))
fs.rmSync(path.dirname(wide), { recursive: true })
