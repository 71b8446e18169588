import { random } from '../../src/testing/random.ts'

/** A random query over the tables `t`, `u` and `w`, and their rows, all with the columns of TABLE. */
export interface RandomQuery {
  readonly sql: string
  /** What it is made of, for a table of what a run covered. */
  readonly parts: readonly string[]
  readonly tables: Readonly<Record<'t' | 'u' | 'w', readonly Readonly<Record<string, unknown>>[]>>
}

/** Small numbers, text that is often a number, and NULL everywhere but in `id`. */
export const TABLE = 'id INT, a INT, b INT, c BIGINT, s STRING, n STRING, m DECIMAL(8,2), d DOUBLE, p BOOLEAN'

type Kind = 'int' | 'text' | 'decimal' | 'double' | 'bool'
interface Column {
  readonly name: string
  readonly kind: Kind
}
/** A query, what it shows, and whether its rows come in an order that no rule may change. */
interface Part {
  readonly sql: string
  readonly columns: readonly Column[]
  readonly ordered: boolean
}

const COLUMNS: readonly Column[] = [
  { name: 'id', kind: 'int' },
  { name: 'a', kind: 'int' },
  { name: 'b', kind: 'int' },
  { name: 'c', kind: 'int' },
  { name: 's', kind: 'text' },
  { name: 'n', kind: 'text' },
  { name: 'm', kind: 'decimal' },
  { name: 'd', kind: 'double' },
  { name: 'p', kind: 'bool' },
]

/** The query of a seed. */
export function randomQuery(seed: number): RandomQuery {
  return new Maker(seed).query()
}

class Maker {
  readonly #next: () => number
  readonly #parts: string[] = []
  /** How likely an expression may raise: most queries have none, some have many. */
  readonly #risk: number
  #names = 0

  constructor(seed: number) {
    this.#next = random(seed)
    this.#risk = this.#pick([0, 0, 0.15, 0.4])
  }

  query(): RandomQuery {
    const top = this.#relation(this.#int(1, 4))
    const tables = { t: this.#rows(), u: this.#rows(), w: this.#rows() }
    return { sql: top.sql, parts: this.#parts, tables }
  }

  // ---------------------------------------------------------------- chance

  #int(from: number, to: number): number {
    return from + Math.floor(this.#next() * (to - from + 1))
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#next() * items.length)]!
  }

  #maybe(chance: number): boolean {
    return this.#next() < chance
  }

  #name(prefix: string): string {
    return `${prefix}${this.#names++}`
  }

  #rows(): readonly Readonly<Record<string, unknown>>[] {
    const orNull = (x: unknown): unknown => (this.#maybe(0.15) ? null : x)
    return Array.from({ length: this.#maybe(0.06) ? 0 : this.#int(3, 12) }, (_, id) => ({
      id,
      a: orNull(this.#int(-2, 3)),
      b: orNull(this.#int(0, 3)),
      c: orNull(this.#maybe(0.05) ? '9223372036854775807' : String(this.#int(-3, 4))),
      s: orNull(this.#pick(['x', 'y', 'xy', ''])),
      n: orNull(this.#pick(['1', '2', '3', 'one', ' 2'])),
      m: orNull(`${this.#int(-300, 300) / 100}`),
      d: orNull(this.#int(-8, 8) / 4),
      p: orNull(this.#maybe(0.5)),
    }))
  }

  // ----------------------------------------------------------- expressions

  #columnOf(columns: readonly Column[], kind: Kind): string | null {
    const fit = columns.filter((c) => c.kind === kind)
    return fit.length === 0 ? null : this.#pick(fit).name
  }

  #risky(): boolean {
    return this.#maybe(this.#risk)
  }

  #number(columns: readonly Column[]): string {
    const x = this.#columnOf(columns, 'int')
    const y = this.#columnOf(columns, 'int')
    const text = this.#columnOf(columns, 'text')
    if (x === null || y === null) return String(this.#int(-2, 4))
    if (this.#risky()) {
      const choice = [
        `${x} + ${y}`,
        `${x} * 2`,
        `7 % ${x}`,
        `7 div ${x}`,
        `CASE WHEN ${y} > 0 THEN 5 % ${x} ELSE 1 END`,
      ]
      if (text !== null) choice.push(`CAST(${text} AS INT)`, `element_at(array(1, 2, 3), CAST(${text} AS INT))`)
      return `(${this.#pick(choice)})`
    }
    const calm = [
      x,
      x,
      String(this.#int(-2, 4)),
      `coalesce(${x}, ${y})`,
      `if(${x} > ${y}, ${x}, 1)`,
      `${x} % 3`,
      `nullif(${x}, 1)`,
    ]
    if (text !== null) calm.push(`length(${text})`, `TRY_CAST(${text} AS INT)`)
    return this.#pick(calm)
  }

  #text(columns: readonly Column[]): string {
    const x = this.#columnOf(columns, 'text')
    return x === null ? "'x'" : this.#pick([x, x, `upper(${x})`, `concat(${x}, 'y')`, `substring(${x}, 1, 1)`])
  }

  /** A condition over columns. */
  #test(columns: readonly Column[], depth = 1): string {
    const op = this.#pick(['=', '<>', '<', '<=', '>', '>=', '<=>'])
    if (depth > 0 && this.#maybe(0.35)) {
      const parts = Array.from({ length: this.#int(2, 3) }, () => this.#test(columns, depth - 1))
      return `(${parts.join(this.#maybe(0.7) ? ' AND ' : ' OR ')})`
    }
    if (this.#risky()) {
      const x = this.#columnOf(columns, 'int')
      const guard = x === null ? 'true' : `${x} <> 0`
      const risk = x === null ? 'true' : `${this.#int(1, 9)} % ${x} < 2`
      return this.#pick([`(${guard} AND ${risk})`, risk, `${this.#number(columns)} ${op} ${this.#number(columns)}`])
    }
    const bool = this.#columnOf(columns, 'bool')
    const any = this.#pick(columns).name
    const double = this.#columnOf(columns, 'double')
    const decimal = this.#columnOf(columns, 'decimal')
    const choice = [
      `${this.#number(columns)} ${op} ${this.#number(columns)}`,
      `${this.#number(columns)} ${op} ${this.#int(-1, 3)}`,
      `${this.#number(columns)} IN (1, 2, ${this.#maybe(0.2) ? 'NULL' : '0'})`,
      `${this.#text(columns)} ${op} ${this.#text(columns)}`,
      `${this.#text(columns)} LIKE 'x%'`,
      `${any} IS NOT NULL`,
      `${any} IS NULL`,
      `NOT (${any} IS NULL)`,
      this.#pick(['1 = 1', '1 = 1', '1 = 1', '1 > 2', 'NULL']),
    ]
    if (bool !== null) choice.push(bool, `NOT ${bool}`)
    if (double !== null) choice.push(`${double} ${op} 0.5D`)
    if (decimal !== null) choice.push(`${decimal} ${op} 1.25`)
    return this.#pick(choice)
  }

  // ------------------------------------------------------------- relations

  #relation(steps: number): Part {
    let part = this.#table()
    for (let n = 0; n < steps; n++) part = this.#step(part)
    return part
  }

  #table(): Part {
    if (this.#maybe(0.6))
      return { sql: `SELECT * FROM ${this.#pick(['t', 'u', 'w'])}`, columns: COLUMNS, ordered: true }
    const keep = COLUMNS.filter(() => this.#maybe(0.6))
    const columns = keep.length === 0 ? COLUMNS : keep
    return {
      sql: `SELECT ${columns.map((c) => c.name).join(', ')} FROM ${this.#pick(['t', 'u', 'w'])}`,
      columns,
      ordered: true,
    }
  }

  #step(part: Part): Part {
    const kinds = ['filter', 'filter', 'project', 'join', 'join', 'aggregate', 'union', 'setop', 'subquery', 'subquery']
    const kind = this.#pick([...kinds, 'distinct', 'window', 'explode', 'limit'])
    switch (kind) {
      case 'filter':
        this.#parts.push('filter')
        return { ...part, sql: `SELECT * FROM (${part.sql}) WHERE ${this.#test(part.columns)}` }
      case 'project':
        return this.#project(part)
      case 'join':
        return this.#join(part)
      case 'aggregate':
        return this.#aggregate(part)
      case 'union':
      case 'setop':
        return this.#together(part, kind)
      case 'subquery':
        return this.#subquery(part)
      case 'distinct':
        this.#parts.push('distinct')
        return { ...part, ordered: false, sql: `SELECT DISTINCT * FROM (${part.sql})` }
      case 'window':
        return this.#window(part)
      case 'explode': {
        this.#parts.push('explode')
        const name = this.#name('e')
        const outer = this.#maybe(0.3) ? ' OUTER' : ''
        const list = this.#pick([`array(1, ${this.#number(part.columns)})`, 'array()', 'array(NULL, 2)', 'array(1, 2)'])
        const of = list === 'array()' ? `filter(array(1), x -> ${this.#columnOf(part.columns, 'int') ?? 1} > 1)` : list
        return {
          ...part,
          sql: `SELECT * FROM (${part.sql}) LATERAL VIEW${outer} explode(${of}) ${name}v AS ${name}`,
          columns: [...part.columns, { name, kind: 'int' }],
        }
      }
      default:
        return this.#limit(part)
    }
  }

  #project(part: Part): Part {
    this.#parts.push('project')
    const kept = part.columns.filter(() => this.#maybe(0.6))
    const made: Column[] = []
    const items = kept.map((c) => c.name)
    for (let n = this.#int(1, 2); n > 0; n--) {
      const kind = this.#pick(['int', 'text', 'bool'] as const)
      const name = this.#name('x')
      const expr =
        kind === 'int'
          ? this.#number(part.columns)
          : kind === 'text'
            ? this.#text(part.columns)
            : this.#test(part.columns, 0)
      items.push(`${kind === 'bool' ? `CAST(${expr} AS BOOLEAN)` : expr} AS ${name}`)
      made.push({ name, kind })
    }
    return { ...part, sql: `SELECT ${items.join(', ')} FROM (${part.sql})`, columns: [...kept, ...made] }
  }

  /** The columns of a side of a join under its name, and as they are called behind it. */
  #side(
    part: Part,
    name: string,
  ): { readonly inner: readonly Column[]; readonly items: string; readonly outer: readonly Column[] } {
    const inner = part.columns.map((c) => ({ ...c, name: `${name}.${c.name}` }))
    const outer = part.columns.map((c) => ({ ...c, name: this.#name(c.name.replaceAll(/\d/g, '')) }))
    return { inner, outer, items: inner.map((c, i) => `${c.name} AS ${outer[i]!.name}`).join(', ') }
  }

  #join(part: Part): Part {
    const other = this.#relation(this.#int(0, 1))
    const type = this.#pick([
      'JOIN',
      'JOIN',
      'LEFT JOIN',
      'RIGHT JOIN',
      'FULL JOIN',
      'LEFT SEMI JOIN',
      'LEFT ANTI JOIN',
      'CROSS JOIN',
      ',',
    ])
    this.#parts.push(type === ',' ? 'comma join' : type.toLowerCase())
    const l = this.#side(part, 'l')
    const r = this.#side(other, 'r')
    const both = [...l.inner, ...r.inner]
    const x = this.#columnOf(l.inner, 'int')
    const y = this.#columnOf(r.inner, 'int')
    const equal = x !== null && y !== null && this.#maybe(0.85) ? [`${x} ${this.#maybe(0.9) ? '=' : '<=>'} ${y}`] : []
    const more = this.#maybe(0.4) ? [this.#test(this.#pick([l.inner, r.inner, both]), 0)] : []
    const one = type.includes('SEMI') || type.includes('ANTI')
    const on = [...equal, ...more].join(' AND ')
    const free = type === ',' || type === 'CROSS JOIN'
    const wheres = this.#maybe(0.6) ? [this.#test(one ? l.inner : this.#pick([l.inner, r.inner, both]))] : []
    const where = (free ? [...equal, ...wheres] : wheres).join(' AND ')
    const condition = free ? '' : ` ON ${on === '' ? 'true' : on}`
    return {
      sql: `SELECT ${one ? l.items : `${l.items}, ${r.items}`} FROM (${part.sql}) l${type === ',' ? ',' : ` ${type}`} (${other.sql}) r${condition}${where === '' ? '' : ` WHERE ${where}`}`,
      columns: one ? l.outer : [...l.outer, ...r.outer],
      ordered: false,
    }
  }

  #aggregate(part: Part): Part {
    this.#parts.push('aggregate')
    const keys = part.columns.filter((c) => c.kind !== 'double' && this.#maybe(2 / (part.columns.length + 1)))
    const made: Column[] = []
    const items: string[] = []
    for (let n = this.#int(1, 2); n > 0; n--) {
      const name = this.#name('g')
      const x = this.#number(part.columns)
      const filter = this.#maybe(0.2) ? ` FILTER (WHERE ${this.#test(part.columns, 0)})` : ''
      const distinct = this.#maybe(0.2) ? 'DISTINCT ' : ''
      const call = this.#pick([
        `count(*)`,
        `count(${distinct}${x})`,
        `sum(${distinct}${x} % 100)`,
        `max(${x})`,
        `min(${x})`,
      ])
      items.push(`${call}${filter} AS ${name}`)
      made.push({ name, kind: 'int' })
    }
    const columns = [...keys, ...made]
    const names = keys.map((k) => k.name)
    const group =
      names.length === 0 ? '' : ` GROUP BY ${this.#maybe(0.15) ? `ROLLUP(${names.join(', ')})` : names.join(', ')}`
    const sql = `SELECT ${[...names, ...items].join(', ')} FROM (${part.sql})${group}`
    return {
      sql: this.#maybe(0.4) ? `SELECT * FROM (${sql}) WHERE ${this.#test(columns)}` : sql,
      columns,
      ordered: false,
    }
  }

  #together(part: Part, kind: 'union' | 'setop'): Part {
    const other = this.#relation(this.#int(0, 1))
    const op =
      kind === 'union' ? 'UNION ALL' : this.#pick(['UNION', 'INTERSECT', 'EXCEPT', 'INTERSECT ALL', 'EXCEPT ALL'])
    this.#parts.push(op.toLowerCase())
    const wanted = part.columns.filter((c) => other.columns.some((o) => o.kind === c.kind))
    if (wanted.length === 0) return part
    const left = wanted.map((c) => c.name).join(', ')
    const right = wanted.map((c) => this.#pick(other.columns.filter((o) => o.kind === c.kind)).name).join(', ')
    return {
      sql: `(SELECT ${left} FROM (${part.sql})) ${op} (SELECT ${right} FROM (${other.sql}))`,
      columns: wanted,
      ordered: part.ordered && other.ordered && kind === 'union',
    }
  }

  #subquery(part: Part): Part {
    const other = this.#relation(this.#int(0, 1))
    const inner = other.columns.map((c) => ({ ...c, name: `q.${c.name}` }))
    const outer = part.columns.map((c) => ({ ...c, name: `o.${c.name}` }))
    const x = this.#columnOf(outer, 'int')
    const y = this.#columnOf(inner, 'int')
    if (x === null || y === null) return part
    const tied = this.#maybe(0.6)
    const z = this.#columnOf(outer, 'int')!
    const v = this.#columnOf(inner, 'int')!
    const own = this.#maybe(0.4) ? [this.#test(inner, 0)] : []
    const ties = tied ? [`${v} = ${z}`] : []
    const where = (list: readonly string[]): string => (list.length === 0 ? '' : ` WHERE ${list.join(' AND ')}`)
    const from = `FROM (${other.sql}) q`
    const not = this.#maybe(0.4) ? 'NOT ' : ''
    const head = `SELECT * FROM (${part.sql}) o`
    const and = this.#maybe(0.3) ? `${this.#test(outer, 0)} AND ` : ''
    switch (this.#pick(['in', 'exists', 'scalar', 'value'])) {
      case 'in': {
        this.#parts.push(`${not.toLowerCase()}in${tied ? ' (correlated)' : ''}`)
        return {
          ...part,
          ordered: false,
          sql: `${head} WHERE ${and}${x} ${not}IN (SELECT ${y} ${from}${where([...own, ...ties])})`,
        }
      }
      case 'exists': {
        this.#parts.push(`${not.toLowerCase()}exists${tied ? ' (correlated)' : ''}`)
        const looser = tied && this.#maybe(0.3) ? [`${y} < ${x}`] : []
        return {
          ...part,
          ordered: false,
          sql: `${head} WHERE ${and}${not}EXISTS (SELECT 1 ${from}${where([...own, ...ties, ...looser])})`,
        }
      }
      case 'scalar': {
        this.#parts.push(`scalar subquery${tied ? ' (correlated)' : ''}`)
        const call = this.#pick([`max(${y})`, 'count(*)', `sum(${y} % 100)`])
        return {
          ...part,
          ordered: false,
          sql: `${head} WHERE ${and}${x} >= (SELECT ${call} ${from}${where([...own, ...ties])})`,
        }
      }
      default: {
        this.#parts.push(`subquery as a value${tied ? ' (correlated)' : ''}`)
        const name = this.#name('q')
        const value =
          tied || this.#maybe(0.5)
            ? `(SELECT count(*) ${from}${where([...own, ...ties])})`
            : `${x} ${not}IN (SELECT ${y} ${from}${where(own)})`
        const kind = value.startsWith('(') ? 'int' : 'bool'
        return {
          sql: `SELECT o.*, ${value} AS ${name} FROM (${part.sql}) o`,
          columns: [...part.columns, { name, kind }],
          ordered: false,
        }
      }
    }
  }

  #window(part: Part): Part {
    this.#parts.push('window')
    const name = this.#name('r')
    const by = this.#maybe(0.7) ? `PARTITION BY ${this.#pick(part.columns).name} ` : ''
    const order = `ORDER BY ${part.columns.map((c) => c.name).join(', ')}`
    const x = this.#columnOf(part.columns, 'int')
    const call = this.#pick(['row_number()', 'rank()', x === null ? 'count(*)' : `sum(${x} % 10)`])
    const sql = `SELECT *, ${call} OVER (${by}${order}) AS ${name} FROM (${part.sql})`
    const columns: readonly Column[] = [...part.columns, { name, kind: 'int' }]
    return {
      sql: this.#maybe(0.5) ? `SELECT * FROM (${sql}) WHERE ${this.#test(columns)}` : sql,
      columns,
      ordered: false,
    }
  }

  /** A limit gives the same rows where all of them are sorted, or come in an order that no rule changes. */
  #limit(part: Part): Part {
    const sorted = !part.ordered || this.#maybe(0.5)
    this.#parts.push(sorted ? 'sorted limit' : 'limit')
    const order = sorted ? ` ORDER BY ${part.columns.map((c) => c.name).join(', ')}` : ''
    const tail = this.#pick([`LIMIT ${this.#int(0, 6)}`, `LIMIT ${this.#int(0, 4)} OFFSET ${this.#int(0, 3)}`])
    return { ...part, sql: `SELECT * FROM (${part.sql})${order} ${tail}` }
  }
}
