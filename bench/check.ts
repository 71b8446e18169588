import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'

interface Person {
  readonly id: number
  readonly name: string
  readonly city: string
  readonly state: string
}
interface Auction {
  readonly id: number
  readonly seller: number
  readonly category: number
}
interface Bid {
  readonly auction: number
  readonly bidder: number
  readonly price: number
  readonly dateTime: string
}
interface Event {
  readonly person?: Person
  readonly auction?: Auction
  readonly bid?: Bid
}

const WINDOW_MS = 10_000
const DELAY_MS = 4000

/**
 * The queries without a hand-written limit, as plainly as possible: JSON.parse and Maps over all events, no state to
 * keep within bounds. Each gives its output rows as the JSON lines that the query writes.
 */
const CHECKS: Readonly<Record<string, (files: readonly (() => Event[])[]) => string[]>> = {
  q3(files) {
    const events = files.flatMap((read) => read())
    const sellers = new Map(events.flatMap(({ person }) => (person ? [[person.id, person] as const] : [])))
    return events.flatMap(({ auction }) => {
      const p = auction?.category === 10 ? sellers.get(auction.seller) : undefined
      if (p === undefined || !['OR', 'ID', 'CA'].includes(p.state)) return []
      return [JSON.stringify({ name: p.name, city: p.city, state: p.state, id: auction!.id })]
    })
  },

  q11(files) {
    const sessions = new Map<number, { bids: number; start: number; end: number }[]>()
    const bids = files.flatMap(bidsOf).sort((a, b) => Date.parse(a.dateTime) - Date.parse(b.dateTime))
    for (const { bidder, dateTime } of bids) {
      const time = Date.parse(dateTime)
      const own = sessions.get(bidder) ?? []
      sessions.set(bidder, own)
      const last = own.at(-1)
      // A bid at the very end of a session still joins it.
      if (last === undefined || time > last.end) own.push({ bids: 1, start: time, end: time + WINDOW_MS })
      else {
        last.bids++
        last.end = time + WINDOW_MS
      }
    }
    return [...sessions].flatMap(([bidder, own]) =>
      own.map(({ bids, start, end }) => JSON.stringify({ bidder, bids, start: iso(start), end: iso(end) })),
    )
  },

  dedup(files) {
    const rows = files
      .flatMap(bidsOf)
      .map(({ auction, bidder, dateTime }) => JSON.stringify({ auction, bidder, dateTime }))
    return [...new Set(rows)]
  },

  // A key is forgotten at the end of the batch (a file) whose watermark has passed its first time by the delay.
  within(files) {
    const out: string[] = []
    const forgetAt = new Map<string, number>()
    let watermark = 0
    for (const read of files) {
      let latest = 0
      for (const { auction, bidder, dateTime } of bidsOf(read)) {
        const time = Date.parse(dateTime)
        latest = Math.max(latest, time)
        const key = `${auction} ${bidder}`
        if (forgetAt.has(key)) continue
        forgetAt.set(key, time + DELAY_MS)
        out.push(JSON.stringify({ auction, bidder, dateTime }))
      }
      for (const [key, at] of forgetAt) if (at <= watermark) forgetAt.delete(key)
      watermark = Math.max(watermark, latest - DELAY_MS)
    }
    return out
  },

  highest(files) {
    const highest = new Map<number, number>()
    for (const { price, dateTime } of files.flatMap(bidsOf)) {
      const start = Math.floor(Date.parse(dateTime) / WINDOW_MS) * WINDOW_MS
      highest.set(start, Math.max(highest.get(start) ?? 0, price))
    }
    return [...highest].map(([start, price]) => JSON.stringify({ start: iso(start), price }))
  },
}

/** Whether a query has a check. */
export const hasCheck = (query: string): boolean => query in CHECKS

/** The sha256 over the sorted output rows of a query, made from the data in the plainest way. */
export function checkedHash(query: string, dataDir: string): string {
  const files = fs
    .readdirSync(dataDir)
    .sort()
    .map((file) => () => linesOf(path.join(dataDir, file)).map((line) => JSON.parse(line) as Event))
  return hashOf(CHECKS[query]!(files).map((line) => Buffer.from(line).toString('latin1')))
}

/** The sha256 over lines (latin1 text of UTF-8 bytes) in the order of their bytes, each ended by a newline. */
export function hashOf(lines: string[]): string {
  const hash = createHash('sha256')
  for (const line of lines.sort()) hash.update(`${line}\n`, 'latin1')
  return hash.digest('hex')
}

const bidsOf = (read: () => Event[]): Bid[] => read().flatMap(({ bid }) => (bid ? [bid] : []))
const iso = (ms: number): string => new Date(ms).toISOString()
const linesOf = (file: string): string[] => fs.readFileSync(file, 'utf8').trimEnd().split('\n')
