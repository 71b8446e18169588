import { IANAZone } from 'luxon'
import { ExecutionError } from '../errors/errors.ts'

/**
 * A time zone as plain arithmetic. Offsets are what must be added to UTC to get the local clock.
 */
export interface Zone {
  /** The name it was asked for by. */
  readonly name: string
  /** Seconds to add at an instant (seconds since the epoch, whole or not). The fast form for loops over numbers. */
  offsetSeconds(utcSeconds: number): number
  /** Microseconds to add at an instant. */
  offsetUs(utcUs: bigint): bigint
  /** The local clock of an instant, as microseconds since 1970-01-01 00:00 of that clock. */
  utcToLocalUs(utcUs: bigint): bigint
  /**
   * The instant of a local clock reading. In a gap the reading is moved on by the length of the gap; in an
   * overlap the earlier instant is taken (both as Java's ZonedDateTime).
   */
  localToUtcUs(localUs: bigint): bigint
  /** The first instant after `utcSeconds` (whole seconds) at which the offset changes, or null when none follows within some centuries. */
  nextTransition(utcSeconds: number): number | null
}

const SHORT_IDS: Readonly<Record<string, string>> = {
  ACT: 'Australia/Darwin',
  AET: 'Australia/Sydney',
  AGT: 'America/Argentina/Buenos_Aires',
  ART: 'Africa/Cairo',
  AST: 'America/Anchorage',
  BET: 'America/Sao_Paulo',
  BST: 'Asia/Dhaka',
  CAT: 'Africa/Harare',
  CNT: 'America/St_Johns',
  CST: 'America/Chicago',
  CTT: 'Asia/Shanghai',
  EAT: 'Africa/Addis_Ababa',
  ECT: 'Europe/Paris',
  EST: '-05:00',
  HST: '-10:00',
  IET: 'America/Indiana/Indianapolis',
  IST: 'Asia/Kolkata',
  JST: 'Asia/Tokyo',
  MIT: 'Pacific/Apia',
  MST: '-07:00',
  NET: 'Asia/Yerevan',
  NST: 'Pacific/Auckland',
  PLT: 'Asia/Karachi',
  PNT: 'America/Phoenix',
  PRT: 'America/Puerto_Rico',
  PST: 'America/Los_Angeles',
  SST: 'Pacific/Guadalcanal',
  VST: 'Asia/Ho_Chi_Minh',
}

const zones = new Map<string, Zone | null>()

/**
 * The zone of a name: a region (`Europe/Paris`), `UTC`, `GMT`, `Z`, an offset (`+05:30`, `-8`, `GMT+1`) or one of
 * Java's short ids (`PST`). Unknown names raise INVALID_TIMEZONE. Made once per name.
 */
export function zoneOf(name: string): Zone {
  const zone = findZone(name)
  if (zone === null) throw new ExecutionError('INVALID_TIMEZONE', { zone: name })
  return zone
}

/** As `zoneOf`, but null for unknown names. */
export function findZone(name: string): Zone | null {
  let zone = zones.get(name)
  if (zone === undefined) {
    zone = makeZone(name)
    // Names come from data too: a bound keeps wild input from filling memory.
    if (zones.size > 2000) zones.clear()
    zones.set(name, zone)
  }
  return zone
}

function makeZone(name: string): Zone | null {
  // The forms +h:mm and +hh:m are older than Java's ZoneId and still read.
  const padded = name.replace(/([+-])(\d):/, '$10$2:').replace(/([+-])(\d\d):(\d)$/, '$1$2:0$3')
  const id = Object.hasOwn(SHORT_IDS, padded) ? SHORT_IDS[padded]! : padded
  if (id === 'Z' || id === 'UTC' || id === 'GMT' || id === 'UT') return new FixedZone(name, 0)
  if (/^[+-]/.test(id)) return fixed(name, id)
  const prefixed = /^(?:UTC|GMT|UT)([+-].*)$/.exec(id)
  if (prefixed) return fixed(name, prefixed[1]!)
  if (!/^[A-Za-z][A-Za-z0-9~/._+-]+$/.test(id) || !IANAZone.isValidZone(id)) return null
  const resolved = new Intl.DateTimeFormat('en-US', { timeZone: id }).resolvedOptions().timeZone
  // Intl takes names in any case; zone ids have just one.
  if (resolved !== id && resolved.toLowerCase() === id.toLowerCase()) return null
  if (id === id.toLowerCase()) return null
  return new RegionZone(name, id)
}

function fixed(name: string, text: string): Zone | null {
  const m = /^([+-])(?:(\d{1,2})|(\d\d):(\d\d)(?::(\d\d))?|(\d\d)(\d\d)(\d\d)?)$/.exec(text)
  if (!m) return null
  const hours = Number(m[2] ?? m[3] ?? m[6])
  const minutes = Number(m[4] ?? m[7] ?? 0)
  const seconds = Number(m[5] ?? m[8] ?? 0)
  const total = hours * 3600 + minutes * 60 + seconds
  if (minutes > 59 || seconds > 59 || total > 18 * 3600) return null
  return new FixedZone(name, m[1] === '-' ? -total : total)
}

const US = 1_000_000n

class FixedZone implements Zone {
  readonly name: string
  readonly #seconds: number
  readonly #us: bigint
  constructor(name: string, seconds: number) {
    this.name = name
    this.#seconds = seconds
    this.#us = BigInt(seconds) * US
  }
  offsetSeconds(): number {
    return this.#seconds
  }
  offsetUs(): bigint {
    return this.#us
  }
  utcToLocalUs(utcUs: bigint): bigint {
    return utcUs + this.#us
  }
  localToUtcUs(localUs: bigint): bigint {
    return localUs - this.#us
  }
  nextTransition(): null {
    return null
  }
}

const DAY = 86400
/** 25 years: the stretch a table is made for when an instant first falls into it. */
const SEGMENT = 25 * 365 * DAY
/** 1800-01-01: before it every zone is on its local mean time. */
const TABLE_START = -5364662400
/**
 * 2900-01-01; later years are read 400, 800 … years earlier, where dates fall on the same weekdays and all
 * transitions announced one by one (Morocco: up to 2087) are past.
 */
const TABLE_END = Date.UTC(2900, 0, 1) / 1000
const CYCLE = 146097 * DAY
/** Shorter than the shortest pair of transitions on record, so that none is stepped over. */
const STEP = 8 * DAY

interface Segment {
  /** Start of each stretch of one offset; the first is the start of the segment. */
  readonly starts: Float64Array
  readonly offsets: Float64Array
  readonly end: number
}

/** A region: tables of transitions read from luxon, one for each 25 years that are asked for. */
class RegionZone implements Zone {
  readonly name: string
  readonly #iana: IANAZone
  readonly #segments = new Map<number, Segment>()
  // The stretch of one offset that was hit last.
  #from = 1
  #to = 0
  #offset = 0
  #fromUs = 1n
  #toUs = 0n
  #offsetUs = 0n

  constructor(name: string, id: string) {
    this.name = name
    this.#iana = IANAZone.create(id)
  }

  offsetSeconds(utcSeconds: number): number {
    if (utcSeconds >= this.#from && utcSeconds < this.#to) return this.#offset
    return this.#find(utcSeconds)
  }

  offsetUs(utcUs: bigint): bigint {
    if (utcUs >= this.#fromUs && utcUs < this.#toUs) return this.#offsetUs
    // Whole seconds, rounded down: transitions fall on whole seconds.
    const seconds = utcUs >= 0n ? utcUs / US : (utcUs - 999_999n) / US
    this.#find(Number(seconds))
    return this.#offsetUs
  }

  utcToLocalUs(utcUs: bigint): bigint {
    return utcUs + this.offsetUs(utcUs)
  }

  localToUtcUs(localUs: bigint): bigint {
    const near = localUs - this.#offsetUs
    const day = BigInt(DAY) * US
    // More than a day from both ends of the stretch there is only one answer.
    if (near - day >= this.#fromUs && near + day < this.#toUs) return near
    const before = this.offsetUs(localUs - day)
    const after = this.offsetUs(localUs + day)
    const early = localUs - before
    if (before === after || this.offsetUs(early) === before) return early
    const late = localUs - after
    return this.offsetUs(late) === after ? late : early
  }

  nextTransition(utcSeconds: number): number | null {
    let at = utcSeconds
    const offset = this.offsetSeconds(at)
    for (let i = 0; i < 40; i++) {
      if (this.offsetSeconds(at) !== offset) return this.#from
      if (this.#to === Infinity) return null
      at = this.#to
    }
    return null
  }

  #find(utcSeconds: number): number {
    let shift = 0
    let at = utcSeconds
    if (at >= TABLE_END) {
      shift = Math.floor((at - TABLE_END) / CYCLE + 1) * CYCLE
      at -= shift
    }
    if (at < TABLE_START) {
      this.#keep(-Infinity, TABLE_START, this.#at(TABLE_START - 1))
      return this.#offset
    }
    const index = Math.floor((at - TABLE_START) / SEGMENT)
    let segment = this.#segments.get(index)
    if (!segment) {
      segment = this.#read(TABLE_START + index * SEGMENT)
      this.#segments.set(index, segment)
    }
    let low = 0
    let high = segment.starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (segment.starts[middle]! <= at) low = middle
      else high = middle - 1
    }
    const end = low + 1 < segment.starts.length ? segment.starts[low + 1]! : segment.end
    // Within the 400 years just before TABLE_END the cycle must not be left.
    this.#keep(segment.starts[low]! + shift, Math.min(end, TABLE_END) + shift, segment.offsets[low]!)
    return this.#offset
  }

  #keep(from: number, to: number, offset: number): void {
    this.#from = from
    this.#to = to
    this.#offset = offset
    // Far outside every int64 of microseconds where the stretch has no end.
    this.#fromUs = from === -Infinity ? -(1n << 80n) : BigInt(from) * US
    this.#toUs = BigInt(to) * US
    this.#offsetUs = BigInt(offset) * US
  }

  #read(start: number): Segment {
    const end = start + SEGMENT
    const starts = [start]
    const offsets = [this.#at(start)]
    for (let t = start; t < end; t += STEP) {
      const next = Math.min(t + STEP, end - 1)
      const before = offsets.at(-1)!
      if (this.#at(next) === before) continue
      let low = t
      let high = next
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2)
        if (this.#at(middle) === before) low = middle
        else high = middle
      }
      starts.push(high)
      offsets.push(this.#at(high))
    }
    return { starts: Float64Array.from(starts), offsets: Float64Array.from(offsets), end }
  }

  #at(utcSeconds: number): number {
    return Math.round(this.#iana.offset(utcSeconds * 1000) * 60)
  }
}
