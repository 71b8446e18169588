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
  /** Column that carries event time, with a delay of 4 seconds; none for queries without. */
  readonly eventTime?: string
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
  return session.sql(query.sql)
}
