import fs from 'node:fs'
import { Random } from '../random.ts'
import { fileOf, TABLE_NAMES, TABLES, type TableFormat, type TableName } from './tables.ts'

/**
 * Makes the order book: the same bytes for the same scale and seed. Scale 1 is about 100 MB: 37 500 orders with 150 000
 * lines, each table once as CSV with a header and once as JSON lines.
 */
const PER_SCALE = { supplier: 250, customer: 3750, part: 10_000, orders: 37_500 }
/** One supplier a nation is the least that answers every query. */
const FEWEST = { supplier: 25, customer: 60, part: 100, orders: 100 }

const REGIONS = ['Northmark', 'Southreach', 'Eastfold', 'Westmoor', 'Midlands']
const NATIONS = (
  'Alder Ash Aspen Beech Birch Cedar Cherry Chestnut Cypress Elder Elm Fir Hazel ' +
  'Hemlock Holly Juniper Larch Linden Maple Oak Pine Poplar Rowan Spruce Willow'
).split(' ')
const SEGMENTS = ['bakery', 'farm', 'garage', 'hotel', 'school']
const PRIORITIES = ['1 at once', '2 soon', '3 normal', '4 later', '5 whenever']
const MODES = ['barge', 'bicycle', 'courier', 'lorry', 'plane', 'post', 'train']
const INSTRUCTIONS = ['call before', 'collect payment', 'hand over in person', 'leave at the gate']
const COLOURS = (
  'amber azure beige black blue brown coral cream crimson cyan gold green grey ' +
  'indigo ivory khaki lilac mauve ochre olive orange pink plum red'
).split(' ')
const GRADES = ['economy', 'special', 'standard']
const FINISHES = ['brushed', 'painted', 'polished']
const METALS = ['brass', 'copper', 'nickel', 'steel']
const SIZES = ['jumbo', 'large', 'small']
const CONTAINERS = ['bag', 'box', 'drum']
const WORDS = (
  'parcel arrived damaged late early twice again reports of faults in the left right upper lower shelf crate lid ' +
  'handle please count and weigh before noon, after rain, ask for the foreman driver knows the yard gate behind mill'
).split(' ')

const DAY_MS = 86_400_000
const FIRST_DAY = Date.UTC(1992, 0, 1) / DAY_MS
const LAST_ORDER_DAY = Date.UTC(1998, 7, 2) / DAY_MS
/** What was shipped or received by this day is closed. */
const TODAY = Date.UTC(1995, 5, 17) / DAY_MS

type Cell = string | number | Cents | null

/** An amount in hundredths, written with two digits behind the point. */
class Cents {
  readonly count: number

  constructor(count: number) {
    this.count = count
  }

  toString(): string {
    const digits = String(Math.abs(this.count)).padStart(3, '0')
    return `${this.count < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
  }
}

const day = (epochDay: number): string => new Date(epochDay * DAY_MS).toISOString().slice(0, 10)
const numbered = (word: string, id: number): string => `${word} ${String(id).padStart(7, '0')}`

/** Writes every table in both formats into a directory; gives the rows of each and the bytes of all. */
export function generateTables(
  directory: string,
  scale: number,
  seed = 42,
): { readonly rows: Readonly<Record<TableName, number>>; readonly bytes: number } {
  fs.mkdirSync(directory, { recursive: true })
  const writers = new Map(TABLE_NAMES.map((t) => [t, new TableWriter(directory, t)]))
  const put = (table: TableName, ...cells: readonly Cell[]): void => writers.get(table)!.row(cells)
  fill(put, scale, new Random(seed))
  let bytes = 0
  for (const writer of writers.values()) bytes += writer.end()
  const rows = Object.fromEntries(TABLE_NAMES.map((t) => [t, writers.get(t)!.rows])) as Record<TableName, number>
  return { rows, bytes }
}

function fill(put: (table: TableName, ...cells: readonly Cell[]) => void, scale: number, random: Random): void {
  const count = (of: keyof typeof PER_SCALE): number => Math.max(FEWEST[of], Math.round(PER_SCALE[of] * scale))
  const between = (low: number, high: number): number => low + random.below(high - low + 1)
  const words = (least: number, most: number): string =>
    Array.from({ length: between(least, most) }, () => random.one(WORDS)).join(' ')
  // One remark in 50 is missing.
  const remark = (least: number, most: number): string | null => (random.below(50) === 0 ? null : words(least, most))
  const address = (): string => `${random.one(COLOURS)} ${random.one(['street', 'lane', 'quay'])} ${between(1, 400)}`
  const phone = (nation: number): string =>
    `${nation + 10}-${between(100, 999)}-${between(100, 999)}-${between(1000, 9999)}`
  const balance = (): Cents => new Cents(between(-99_999, 999_999))

  for (const [id, name] of REGIONS.entries()) put('region', id, name)
  for (const [id, name] of NATIONS.entries()) put('nation', id, name, id % REGIONS.length)

  const suppliers = count('supplier')
  for (let id = 1; id <= suppliers; id++) {
    const nation = id % NATIONS.length
    put(
      'supplier',
      id,
      numbered('Supplier', id),
      address(),
      nation,
      phone(nation),
      balance(),
      random.below(12) === 0 ? `${words(1, 3)} reports of faults ${words(1, 3)}` : remark(4, 12),
    )
  }

  const customers = count('customer')
  for (let id = 1; id <= customers; id++) {
    const nation = random.below(NATIONS.length)
    put(
      'customer',
      id,
      numbered('Customer', id),
      address(),
      nation,
      phone(nation),
      balance(),
      random.one(SEGMENTS),
      remark(4, 14),
    )
  }

  const parts = count('part')
  const listPrice = (part: number): number => 90_000 + ((part * 37) % 20_001) + 100 * (part % 1000)
  // The four suppliers of a part are a quarter of all apart.
  const supplierOf = (part: number, nth: number): number =>
    ((part + nth * ((suppliers >> 2) + Math.floor((part - 1) / suppliers))) % suppliers) + 1
  for (let id = 1; id <= parts; id++) {
    const maker = between(1, 3)
    put(
      'part',
      id,
      Array.from({ length: 3 }, () => random.one(COLOURS)).join(' '),
      `maker ${maker}`,
      `brand ${maker}.${between(1, 3)}`,
      `${random.one(GRADES)} ${random.one(FINISHES)} ${random.one(METALS)}`,
      between(1, 50),
      `${random.one(SIZES)} ${random.one(CONTAINERS)}`,
      new Cents(listPrice(id)),
    )
    for (let nth = 0; nth < 4; nth++)
      put('partsupp', id, supplierOf(id, nth), between(1, 9999), new Cents(between(100, 100_000)), remark(4, 16))
  }

  const orders = count('orders')
  for (let nth = 0; nth < orders; nth++) {
    // Ids have gaps, and every third customer never orders.
    const id = (nth >> 3) * 32 + (nth & 7) + 1
    const pick = between(1, customers)
    const customer = pick % 3 === 0 ? pick - 1 : pick
    const ordered = between(FIRST_DAY, LAST_ORDER_DAY)
    let total = 0
    let open = 0
    const lines = between(1, 7)
    for (let line = 1; line <= lines; line++) {
      const part = between(1, parts)
      const quantity = between(1, 50)
      const [price, discount, tax] = [quantity * listPrice(part), between(0, 10), between(0, 8)]
      const shipped = ordered + between(1, 121)
      const promised = ordered + between(30, 90)
      const received = shipped + between(1, 30)
      if (shipped > TODAY) open++
      total += Math.round((price * (100 - discount) * (100 + tax)) / 10_000)
      put(
        'lineitem',
        id,
        part,
        supplierOf(part, random.below(4)),
        line,
        new Cents(quantity * 100),
        new Cents(price),
        new Cents(discount),
        new Cents(tax),
        received > TODAY ? 'no' : random.one(['yes', 'refused']),
        shipped > TODAY ? 'open' : 'done',
        day(shipped),
        day(promised),
        day(received),
        random.one(INSTRUCTIONS),
        random.one(MODES),
        remark(2, 6),
      )
    }
    put(
      'orders',
      id,
      customer,
      open === 0 ? 'done' : open === lines ? 'open' : 'partly',
      new Cents(total),
      day(ordered),
      random.one(PRIORITIES),
      numbered('Clerk', between(1, Math.max(5, Math.round(1000 * scale)))),
      remark(3, 12),
    )
  }
}

const FLUSH_CHARS = 1 << 20

/** One table as two files. */
class TableWriter {
  readonly #columns: readonly string[]
  readonly #out: Readonly<Record<TableFormat, { readonly fd: number; waiting: string }>>
  rows = 0
  #bytes = 0

  constructor(directory: string, table: TableName) {
    this.#columns = Object.keys(TABLES[table])
    const open = (format: TableFormat): { fd: number; waiting: string } => ({
      fd: fs.openSync(fileOf(directory, table, format), 'w'),
      waiting: '',
    })
    this.#out = { csv: open('csv'), json: open('json') }
    this.#out.csv.waiting = `${this.#columns.join(',')}\n`
  }

  row(cells: readonly Cell[]): void {
    this.rows++
    const { csv, json } = this.#out
    csv.waiting += `${cells.map(csvText).join(',')}\n`
    json.waiting += `{${cells.map((cell, i) => `"${this.#columns[i]}":${jsonText(cell)}`).join(',')}}\n`
    if (json.waiting.length > FLUSH_CHARS) this.#flush()
  }

  /** Closes the files; gives the bytes of both. */
  end(): number {
    this.#flush()
    for (const { fd } of Object.values(this.#out)) fs.closeSync(fd)
    return this.#bytes
  }

  #flush(): void {
    for (const out of Object.values(this.#out)) {
      fs.writeFileSync(out.fd, out.waiting)
      this.#bytes += Buffer.byteLength(out.waiting)
      out.waiting = ''
    }
  }
}

function csvText(cell: Cell): string {
  if (cell === null) return ''
  const text = String(cell)
  return text.includes(',') ? `"${text}"` : text
}

const jsonText = (cell: Cell): string => (typeof cell === 'string' ? `"${cell}"` : String(cell))
