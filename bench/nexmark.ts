import type { Random } from './random.ts'

/**
 * The Nexmark auction site as JSON lines: of 50 events one is a person, three are auctions and 46 are bids. Half of the
 * bids go to a hot auction, three quarters of sellers and bidders are hot persons.
 */
const FIRST_ID = 1000
const ACTIVE_PERSONS = 1000
const AUCTIONS_IN_FLIGHT = 100
/** A hot person or auction is the first of the latest hundred. */
const HOT_SPAN = 100
const MOST_TEXT = 65_536

const FIRST_NAMES = ['Peter', 'Paul', 'Luke', 'John', 'Saul', 'Vicky', 'Kate', 'Julie', 'Sarah', 'Deiter', 'Walter']
const LAST_NAMES = ['Shultz', 'Abrams', 'Spencer', 'White', 'Bartels', 'Walton', 'Smith', 'Jones', 'Noris']
const STATES = ['AZ', 'CA', 'ID', 'OR', 'WA', 'WY']
const CITIES = [
  'Phoenix',
  'Los Angeles',
  'San Francisco',
  'Boise',
  'Portland',
  'Bend',
  'Redmond',
  'Seattle',
  'Kent',
  'Cheyenne',
]
const HOT_CHANNELS = ['Google', 'Facebook', 'Baidu', 'Apple']

interface Channel {
  readonly name: string
  readonly url: string
}

/** The event of number `i` as a line; to be called in order. `text` gives that many letters and blanks. */
export function nexmarkLines(
  random: Random,
  text: (length: number) => string,
  timeMs: (i: number) => number,
  gapUs: number,
): (i: number) => string {
  const page = (): string =>
    `https://www.nexmark.com/${random.hex(5)}/${random.hex(5)}/${random.hex(5)}/item.htm?query=1`
  const hot: readonly Channel[] = HOT_CHANNELS.map((name) => ({ name, url: page() }))
  const others: readonly Channel[] = Array.from({ length: 10_000 }, (_, i) => ({
    name: `channel-${i}`,
    url: `${page()}&channel_id=${Math.abs(Math.imul(i, 2654435761))}`,
  }))
  const latest = Math.max(2, Math.floor(((AUCTIONS_IN_FLIGHT * 50) / 3) * (gapUs / 1000) * 2))
  let persons = 0
  let auctions = 0

  const price = (): number => Math.round(10 ** (random.fraction() * 6) * 100)
  const hotOf = (count: number): number => Math.floor((count - 1) / HOT_SPAN) * HOT_SPAN
  const recent = (count: number, span: number): number => Math.max(0, count - 1 - random.below(Math.min(count, span)))
  const someone = (hotOffset: number): number =>
    FIRST_ID + (random.below(4) > 0 ? hotOf(persons) + hotOffset : recent(persons, ACTIVE_PERSONS))
  const fourDigits = (): number => 1000 + random.below(9000)

  const person = (time: string): string => {
    const id = FIRST_ID + persons++
    const name = `${random.one(FIRST_NAMES)} ${random.one(LAST_NAMES)}`
    const card = [fourDigits(), fourDigits(), fourDigits(), fourDigits()].join(' ')
    const mail = `${text(7).trim()}@${text(5).trim()}.com`
    return `{"event_type":0,"person":{"id":${id},"name":"${name}","emailAddress":"${mail}","creditCard":"${card}","city":"${random.one(CITIES)}","state":"${random.one(STATES)}","dateTime":"${time}","extra":"${text(60 + random.below(40))}"}}`
  }
  const auction = (time: string, ms: number): string => {
    const id = FIRST_ID + auctions++
    const seller = someone(0)
    const initial = price()
    const expires = new Date(ms + 1 + random.below(latest)).toISOString()
    return `{"event_type":1,"auction":{"id":${id},"itemName":"${text(20)}","description":"${text(100)}","initialBid":${initial},"reserve":${initial + price()},"dateTime":"${time}","expires":"${expires}","seller":${seller},"category":${10 + random.below(5)},"extra":"${text(120 + random.below(120))}"}}`
  }
  const bid = (time: string): string => {
    const id = FIRST_ID + (random.below(2) > 0 ? hotOf(auctions) : recent(auctions, AUCTIONS_IN_FLIGHT))
    // The hot bidder stands behind the hot seller, so that nobody bids for what is their own.
    const bidder = someone(1)
    const channel = random.below(2) > 0 ? random.one(hot) : random.one(others)
    return `{"event_type":2,"bid":{"auction":${id},"bidder":${bidder},"price":${price()},"channel":"${channel.name}","url":"${channel.url}","dateTime":"${time}","extra":"${text(20 + random.below(30))}"}}`
  }

  let lastMs = NaN
  let time = ''
  return (i) => {
    const ms = timeMs(i)
    if (ms !== lastMs) time = new Date((lastMs = ms)).toISOString()
    const kind = i % 50
    return kind === 0 ? person(time) : kind < 4 ? auction(time, ms) : bid(time)
  }
}

/** Letters and blanks to cut pieces from. */
export function textPool(random: Random): (length: number) => string {
  const letters = [...'abcdefghijklmnopqrstuvwxyz      ']
  const pool = Array.from({ length: MOST_TEXT }, () => random.one(letters)).join('')
  return (length) => {
    const at = random.below(MOST_TEXT - length)
    return pool.slice(at, at + length)
  }
}
