import { type DataFrame, type MillraceSession } from '../src/index.ts'

/** One measured query: its streaming table, and how its result is written and hashed (as in the hand-written limit). */
export interface BenchQuery {
  /** Format of the input files. */
  readonly format: 'json' | 'text'
  readonly schema: string
  readonly mode: 'append' | 'update'
  /** The query over the view `events`; other views are made by `prepare`. */
  readonly sql: string
  readonly prepare?: (session: MillraceSession, dataDir: string) => void
  /** What SQL has no words for, done to the result of `sql`. */
  readonly also?: (result: DataFrame) => DataFrame
  /** Column that carries event time, with a delay of 4 seconds; none for queries without. */
  readonly eventTime?: string
  /** Closes its windows: a last file with events of the next day is put behind the data. */
  readonly closes?: boolean
  /** Rows go to JSON files in the timed passes; otherwise they are only counted. */
  readonly writes: boolean
  /** What is hashed: the rows, the sums of q0, or the last row of each key. */
  readonly result: 'rows' | 'sums' | { readonly lastBy: readonly string[] }
}

const BID =
  'STRUCT<auction: BIGINT, bidder: BIGINT, price: BIGINT, channel: STRING, url: STRING, dateTime: TIMESTAMP, extra: STRING>'
const NEXMARK = `event_type INT, person STRUCT<id: BIGINT, name: STRING, emailAddress: STRING, creditCard: STRING, city: STRING, state: STRING, dateTime: TIMESTAMP, extra: STRING>, auction STRUCT<id: BIGINT, itemName: STRING, description: STRING, initialBid: BIGINT, reserve: BIGINT, dateTime: TIMESTAMP, expires: TIMESTAMP, seller: BIGINT, category: BIGINT, extra: STRING>, bid ${BID}`
const nexmark = (sql: string, more: Partial<BenchQuery> = {}): BenchQuery => ({
  format: 'json',
  schema: NEXMARK,
  mode: 'append',
  sql,
  writes: true,
  result: 'rows',
  ...more,
})

const part = (of: string, kind: number, columns: readonly string[]): string =>
  `(SELECT ${columns.map((c) => `${of}.${c} AS ${c}`).join(', ')} FROM events WHERE event_type = ${kind}) WATERMARK dateTime DELAY OF INTERVAL 4 SECONDS`
const PERSONS = part('person', 0, ['id', 'name', 'city', 'state', 'dateTime'])
const AUCTIONS = part('auction', 1, ['id', 'seller', 'category', 'dateTime'])
const BIDS = part('bid', 2, ['auction', 'bidder', 'price', 'dateTime', 'extra'])

/** A person, an auction and a bid a day behind the generated ones: the first that match nothing, the last of no group kept. */
export const CLOSING_LINES = [
  `{"event_type":0,"person":{"id":-1,"name":"","emailAddress":"","creditCard":"","city":"","state":"","dateTime":"2026-01-02T00:00:00.000Z","extra":""}}`,
  `{"event_type":1,"auction":{"id":-1,"itemName":"","description":"","initialBid":0,"reserve":0,"dateTime":"2026-01-02T00:00:00.000Z","expires":"2026-01-02T00:00:00.000Z","seller":-2,"category":0,"extra":""}}`,
  `{"event_type":2,"bid":{"auction":-1,"bidder":-1,"price":0,"channel":"","url":"","dateTime":"2026-01-02T00:00:00.000Z","extra":""}}`,
]
  .map((line) => `${line}\n`)
  .join('')

const YSB =
  'user_id STRING, page_id STRING, ad_id STRING, ad_type STRING, event_type STRING, event_time TIMESTAMP, ip_address STRING'

/** Pinned `AS` names are the keys of the output rows. */
export const QUERIES: Readonly<Record<string, BenchQuery>> = {
  q0: nexmark(
    'SELECT bid.auction, bid.bidder, bid.price, bid.channel, bid.url, bid.dateTime, bid.extra FROM events WHERE event_type = 2',
    { writes: false, result: 'sums' },
  ),
  q1: nexmark(
    'SELECT bid.auction, bid.bidder, 0.908 * bid.price AS price, bid.dateTime, bid.extra FROM events WHERE event_type = 2',
  ),
  q2: nexmark('SELECT bid.auction, bid.price FROM events WHERE event_type = 2 AND bid.auction % 123 = 0'),
  // Sellers in three states and what they sell in one category; both sides are kept for ever.
  q3: nexmark(
    `SELECT p.name, p.city, p.state, a.id FROM ${AUCTIONS} AS a JOIN ${PERSONS} AS p ON a.seller = p.id WHERE a.category = 10 AND p.state IN ('OR', 'ID', 'CA')`,
  ),
  // The auctions with the most bids of each hop window, all of them where several have as many.
  q5: nexmark(
    `SELECT auction, num FROM (SELECT window, max(num) AS most, collect_list(struct(auction, num)) AS counted FROM (SELECT window, auction, count(*) AS num FROM ${BIDS} GROUP BY window(dateTime, '10 seconds', '2 seconds'), auction) GROUP BY window) LATERAL VIEW inline(filter(counted, c -> c.num = most))`,
    { closes: true },
  ),
  // The bids that reach the highest price of their window.
  q7: nexmark(
    `SELECT b.auction, b.price, b.bidder, b.dateTime, b.extra FROM ${BIDS} AS b JOIN (SELECT window, max(price) AS most FROM ${BIDS} GROUP BY window(dateTime, '10 seconds')) AS w ON b.price = w.most AND b.dateTime BETWEEN w.window.start AND w.window.end`,
    { closes: true },
  ),
  // Persons who opened an auction in the window they came in.
  q8: nexmark(
    `SELECT p.id, p.name, p.window.start AS start FROM (SELECT id, name, window FROM ${PERSONS} GROUP BY id, name, window(dateTime, '10 seconds')) AS p JOIN (SELECT seller, window FROM ${AUCTIONS} GROUP BY seller, window(dateTime, '10 seconds')) AS a ON p.id = a.seller AND p.window = a.window`,
    { closes: true },
  ),
  // How many bids a bidder made without a pause of ten seconds.
  q11: nexmark(
    `SELECT bidder, count(*) AS bids, session_window.start AS start, session_window.end AS end FROM ${BIDS} GROUP BY session_window(dateTime, '10 seconds'), bidder`,
    { closes: true },
  ),
  // Bids without those for the same auction by the same bidder in the same millisecond.
  dedup: nexmark(`SELECT auction, bidder, dateTime FROM ${BIDS}`, {
    also: (bids) => bids.dropDuplicates(['auction', 'bidder', 'dateTime']),
  }),
  // Bids without those for the same auction by the same bidder within the delay of the watermark.
  within: nexmark(`SELECT auction, bidder, dateTime FROM ${BIDS}`, {
    also: (bids) => bids.dropDuplicatesWithinWatermark(['auction', 'bidder']),
  }),
  // The highest bid of each 10-second window, as it rises.
  highest: nexmark(
    "SELECT window.start AS start, max(price) AS price FROM (SELECT bid.price AS price, bid.dateTime AS dateTime FROM events WHERE event_type = 2) WATERMARK dateTime DELAY OF INTERVAL 4 SECONDS GROUP BY window(dateTime, '10 seconds')",
    {
      mode: 'update',
      writes: false,
      result: { lastBy: ['start'] },
    },
  ),
  ysb: {
    format: 'json',
    schema: YSB,
    mode: 'update',
    eventTime: 'event_time',
    sql: "SELECT campaign_id, window.start AS start, count(*) AS n, max(event_time) AS last FROM events JOIN ads ON events.ad_id = ads.ad_id WHERE event_type = 'view' GROUP BY window(event_time, '10 seconds'), campaign_id",
    prepare: (session, dataDir) =>
      session.read
        .format('json')
        .schema('ad_id STRING, campaign_id STRING')
        .load(`${dataDir.replace(/\/+$/, '')}.ads.json`)
        .createOrReplaceTempView('ads'),
    writes: false,
    result: { lastBy: ['campaign_id', 'start'] },
  },
  wordcount: {
    format: 'text',
    schema: 'value STRING',
    mode: 'update',
    sql: "SELECT w, count(*) AS count FROM (SELECT explode(split(value, ' ')) AS w FROM events) GROUP BY w",
    writes: false,
    result: { lastBy: ['w'] },
  },
}

/** The streaming table of a query over a directory. One file is one batch. */
export function streamOf(query: BenchQuery, session: MillraceSession, dataDir: string): DataFrame {
  query.prepare?.(session, dataDir)
  const events = session.readStream
    .format(query.format)
    .schema(query.schema)
    .option('maxFilesPerTrigger', 1)
    .load(dataDir)
  ;(query.eventTime === undefined
    ? events
    : events.withWatermark(query.eventTime, '4 seconds')
  ).createOrReplaceTempView('events')
  const result = session.sql(query.sql)
  return query.also?.(result) ?? result
}
