import type { OutputModeName } from '../../src/connectors/provider.ts'
import type { MillraceSession } from '../../src/session.ts'
import type { DataFrame } from '../../src/dataframe/data-frame.ts'
import type { EquivalenceTable, TestRow } from '../../src/testing/index.ts'
import { random } from '../../src/testing/random.ts'

/** A random query and data that no slicing makes late. */
export interface RandomCase {
  readonly text: string
  readonly shape: string
  readonly outputMode: OutputModeName
  readonly key: readonly string[]
  readonly query: (session: MillraceSession) => DataFrame
  readonly data: Readonly<Record<string, EquivalenceTable>>
}

type View =
  | { readonly name: string; readonly sql: string }
  | { readonly name: string; readonly from: string; readonly dedup: readonly string[] }

/** A view with columns ts, k, s, v; `rich` has d, m and ok too. */
interface Relation {
  readonly name: string
  readonly rich: boolean
  /** Rows arrive in the same order in every slicing. */
  readonly ordered: boolean
  /** Operators with state below. */
  readonly levels: number
}

const STREAM = 'ts TIMESTAMP, k INT, s STRING, v BIGINT, d DOUBLE, m DECIMAL(10,2), ok BOOLEAN'
/** Rows that pass every filter there is. */
const FLUSH: readonly TestRow[] = [1, 2].map((v) => ['2999-12-31 00:00:00', 1, 'a', v, 0, '0', true])
/** Joins that give columns of one side only. */
const ONE_SIDED = /SEMI|ANTI/
const START = Date.UTC(2026, 0, 1)

/** The case of a seed. */
export function randomCase(seed: number): RandomCase {
  return new Maker(seed).case()
}

class Maker {
  readonly #next: () => number
  readonly #views: View[] = []
  readonly #shape: string[] = []
  #names = 0
  /** Dedup keeps rows without event time for ever, as Spark does: no such rows there. */
  #nullTimes = true

  constructor(seed: number) {
    this.#next = random(seed)
  }

  case(): RandomCase {
    const top = this.#top()
    const views = [...this.#views]
    return {
      shape: this.#shape.join(' > '),
      outputMode: top.mode,
      key: top.key,
      text: [...views.map(viewText), top.sql].join(';\n  '),
      query: (session) => {
        for (const v of views) {
          const df = 'sql' in v ? session.sql(v.sql) : session.table(v.from).dropDuplicates(v.dedup as never)
          df.createOrReplaceTempView(v.name)
        }
        return session.sql(top.sql)
      },
      data: { a: this.#stream(), b: this.#stream(), c: this.#static() },
    }
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

  #some<T>(items: readonly T[], most: number): T[] {
    const left = [...items]
    const out: T[] = []
    for (let n = this.#int(1, most); n > 0 && left.length > 0; n--)
      out.push(...left.splice(Math.floor(this.#next() * left.length), 1))
    return out
  }

  // ------------------------------------------------------------------ data

  #stream(): EquivalenceTable {
    const delay = this.#pick([0, 1, 5, 20])
    const fine = this.#maybe(0.3)
    const step = this.#pick([2, 8, 30])
    let at = this.#int(0, 10_000)
    const rows: TestRow[] = []
    for (let n = this.#maybe(0.03) ? 60 : this.#int(0, 20); n > 0; n--) {
      // Always ahead of (largest time so far - delay): a row at the watermark itself is late for dedup and joins.
      at += Math.max(delay === 0 ? 1 : 0, this.#int(0, step)) * 1000 + (fine ? this.#int(1, 999) : 0)
      const back = this.#maybe(0.5) ? 0 : Math.max(0, this.#int(0, delay * 1000 - 1))
      const ms = START + at - (fine ? back : Math.floor(back / 1000) * 1000)
      const orNull = (x: unknown): unknown => (this.#maybe(0.08) ? null : x)
      rows.push([
        this.#nullTimes && this.#maybe(0.05) ? null : new Date(ms).toISOString().replace('T', ' ').replace('Z', ''),
        orNull(this.#int(1, 3)),
        orNull(this.#pick(['a', 'b', 'ä', ''])),
        orNull(this.#int(-5, 9)),
        orNull(this.#int(-20, 20) / 4),
        orNull(`${this.#int(-500, 500) / 100}`),
        orNull(this.#maybe(0.5)),
      ])
    }
    return { schema: STREAM, rows, watermark: ['ts', `${delay} seconds`], flush: FLUSH }
  }

  #static(): EquivalenceTable {
    const rows: TestRow[] = []
    for (let n = this.#int(0, 5); n > 0; n--)
      rows.push([
        this.#maybe(0.1) ? null : this.#int(1, 4),
        this.#pick(['x', 'y']),
        this.#int(0, 3),
        this.#maybe(0.15) ? null : new Date(START + this.#int(0, 90_000)),
      ])
    return { schema: 'k INT, name STRING, w BIGINT, until TIMESTAMP', rows, static: true }
  }

  // ------------------------------------------------------------- relations

  #view(sql: string): string {
    const name = `r${this.#names++}`
    this.#views.push({ name, sql })
    return name
  }

  #base(): Relation {
    if (this.#maybe(0.15)) {
      this.#shape.push('union')
      const part = (t: string): string => `SELECT * FROM ${t}${this.#maybe(0.3) ? ` WHERE ${this.#predicate()}` : ''}`
      const name = this.#view(`${part('a')} UNION ALL ${part(this.#pick(['b', 'b', 'a']))}`)
      return { name, rich: true, ordered: false, levels: 0 }
    }
    return { name: this.#pick(['a', 'b']), rich: true, ordered: true, levels: 0 }
  }

  #predicate(): string {
    return this.#pick(['v > 0', 'k <> 2', "s IN ('a', 'b')", 'v IS NOT NULL', 'k + v < 8', 'v % 2 = 0 OR k = 1'])
  }

  /** Stateless steps, and at most `levels` with state. */
  #relation(levels: number): Relation {
    let r = this.#base()
    for (let n = this.#int(0, 2); n > 0; n--) r = this.#stateless(r)
    for (let n = 0; n < levels; n++) {
      r = this.#stateful(r)
      if (this.#maybe(0.3)) r = this.#stateless(r)
    }
    return r
  }

  #stateless(r: Relation): Relation {
    const rich = r.rich ? ', d, m, ok' : ''
    switch (this.#pick(['filter', 'static', 'explode', 'project'])) {
      case 'filter':
        this.#shape.push('filter')
        return { ...r, name: this.#view(`SELECT * FROM ${r.name} WHERE ${this.#predicate()}`) }
      case 'static': {
        const how = this.#pick(['JOIN', 'LEFT JOIN', 'LEFT SEMI JOIN', 'LEFT ANTI JOIN', 'RIGHT JOIN'])
        this.#shape.push(`static ${how}`)
        const wide = !how.includes('SEMI') && !how.includes('ANTI')
        const from = how === 'RIGHT JOIN' ? `c RIGHT JOIN ${r.name} l` : `${r.name} l ${how} c`
        const on = `ON l.k = c.k${this.#maybe(0.3) ? ' AND l.v > c.w' : ''}`
        const v = wide ? 'l.v + coalesce(c.w, 10) AS v' : 'l.v'
        const more = r.rich ? ', l.d, l.m, l.ok' : ''
        // Which of several matches comes first is not said.
        return {
          ...r,
          ordered: r.ordered && !wide,
          name: this.#view(`SELECT l.ts, l.k, l.s, ${v}${more} FROM ${from} ${on}`),
        }
      }
      case 'explode':
        this.#shape.push('explode')
        return {
          ...r,
          name: this.#view(
            `SELECT ts, k, s, e AS v${rich} FROM ${r.name} LATERAL VIEW explode(array(v, v + 1)) x AS e`,
          ),
        }
      default:
        this.#shape.push('project')
        return {
          ...r,
          name: this.#view(`SELECT ts, k % 2 AS k, lower(s) AS s, 3 - v AS v${rich} FROM ${r.name}`),
        }
    }
  }

  #stateful(r: Relation): Relation {
    const levels = r.levels + 1
    switch (this.#pick(['window', 'window', 'session', 'dedup', 'join', 'join'])) {
      case 'window': {
        this.#shape.push('window')
        const name = this.#view(
          `SELECT window_time(w) AS ts, k, s, v FROM (SELECT window AS w, k, max(s) AS s, sum(v) AS v FROM ${r.name} GROUP BY ${this.#window('ts')}, k)`,
        )
        return { name, rich: false, ordered: false, levels }
      }
      case 'session': {
        this.#shape.push('session')
        const name = this.#view(
          `SELECT window_time(w) AS ts, k, s, v FROM (SELECT session_window AS w, k, max(s) AS s, sum(v) AS v FROM ${r.name} GROUP BY ${this.#session()}, k)`,
        )
        return { name, rich: false, ordered: false, levels }
      }
      case 'dedup':
        return this.#dedup(r)
      default: {
        const how = this.#pick(['JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'LEFT SEMI JOIN', 'LEFT ANTI JOIN'])
        this.#shape.push(`stream ${how}`)
        const other = this.#base()
        const [near, far] = how === 'RIGHT JOIN' ? ['r', 'l'] : ['l', 'r']
        const v = ONE_SIDED.test(how) ? 'l.v' : `${near}.v + coalesce(${far}.v, 100)`
        const name = this.#view(
          `SELECT ${near}.ts, ${near}.k, ${near}.s, ${v} AS v FROM ${r.name} l ${how} ${other.name} r ON ${this.#bounds(false)}`,
        )
        return { name, rich: false, ordered: false, levels }
      }
    }
  }

  #dedup(r: Relation): Relation {
    this.#nullTimes = false
    const levels = r.levels + 1
    const name = `r${this.#names++}`
    // Of rows with the same key the first stays: the columns beside the key are fixed only where the order is.
    const all = r.rich ? ['ts', 'k', 's', 'v', 'd', 'm', 'ok'] : ['ts', 'k', 's', 'v']
    const columns = r.ordered ? this.#pick([['k', 'ts'], ['ts'], ['k'], ['s', 'ts'], all]) : all
    this.#shape.push(`dedup ${columns.join(',')}`)
    this.#views.push({ name, from: r.name, dedup: columns })
    return { ...r, name, levels }
  }

  /**
   * An inner join may do without bounds, and then keeps its rows. Not below a window: what it joins with an old row comes
   * after the window has ended, or the window never ends.
   */
  #bounds(inner: boolean): string {
    const low = this.#int(0, 20)
    const high = this.#int(0, 20)
    const more = this.#pick(['', '', ' AND l.v < r.v', ' AND l.s = r.s', ' AND l.v > 0', ' AND r.v > 0'])
    const time = this.#pick([
      `r.ts BETWEEN l.ts - INTERVAL ${low} SECONDS AND l.ts + INTERVAL ${high} SECONDS`,
      `r.ts >= l.ts AND r.ts <= l.ts + INTERVAL ${high} SECONDS`,
      `r.ts > l.ts - INTERVAL ${low} SECONDS AND r.ts < l.ts + INTERVAL ${high} SECONDS`,
      'l.ts = r.ts',
      ...(inner ? ['r.ts >= l.ts', 'l.s = r.s'] : []),
    ])
    return `l.k ${this.#maybe(0.15) ? '<=>' : '='} r.k AND ${time}${more}`
  }

  #window(time: string): string {
    // The data lies within some minutes: odd offsets bring the midnights among them.
    if (this.#maybe(0.12)) {
      const zone = this.#pick(['Europe/Berlin', '+00:01', '-00:02', '+03:00:20', '+12:59:50'])
      return `calendar_window(${time}, '${this.#pick(['day', '2 days', 'week', 'month', 'year'])}', '${zone}')`
    }
    const size = this.#pick([5, 10, 30])
    if (this.#maybe(0.5)) return `window(${time}, '${size} seconds')`
    const slide = this.#pick(size === 5 ? [1, 5] : size === 10 ? [3, 4, 5] : [7, 10, 15])
    const offset = slide > 2 && this.#maybe(0.3) ? `, '${this.#int(-2, 2)} seconds'` : ''
    return `window(${time}, '${size} seconds', '${slide} seconds'${offset})`
  }

  #session(): string {
    const gap = this.#maybe(0.7)
      ? `'${this.#pick([1, 5, 12])} seconds'`
      : "CASE WHEN s = 'a' THEN '3 seconds' WHEN v > 4 THEN '15 seconds' ELSE '6 seconds' END"
    return `session_window(ts, ${gap})`
  }

  // ------------------------------------------------------------------- top

  /** A HAVING that groups may come into and fall out of: only changelog mode takes their rows back. */
  #changing(having: string): string {
    return having === '' ? '' : ` HAVING sum(v) % 3 <> ${this.#int(0, 2)}`
  }

  #aggregates(r: Relation, ordered: boolean): string {
    const some = [
      'count(*)',
      'count(v)',
      'sum(v)',
      'avg(v)',
      'min(v)',
      'max(v)',
      'min(s)',
      'max(s)',
      'min(ts)',
      'max(ts)',
      'count_if(v > 3)',
      'count(*) FILTER (WHERE v > 1)',
      "sum(v) FILTER (WHERE s = 'a')",
      'sort_array(collect_list(v))',
      'sort_array(collect_set(s))',
      'approx_count_distinct(v)',
      'bit_xor(v)',
      'bit_and(v)',
      'bit_or(v)',
      'round(stddev_samp(v), 6)',
      'round(var_pop(v), 6)',
      'round(corr(v, k), 6)',
      'round(covar_samp(v, k), 6)',
      'round(skewness(v), 6)',
      'round(kurtosis(v), 6)',
      'percentile(v, 0.5)',
      'median(v)',
      'max(struct(v, s))',
      'max_by(v, v)',
      'min_by(s, struct(v, s))',
      'try_sum(v)',
      'sum(v) + count(*)',
      'round(regr_slope(v, k), 6)',
    ]
    if (r.rich)
      some.push('sum(d)', 'avg(m)', 'sum(m)', 'min(d)', 'max(m)', 'bool_and(ok)', 'bool_or(ok)', 'round(avg(d), 9)')
    if (ordered) some.push('first(v)', 'last(s)', 'first(s, true)', 'last(v, true)', 'collect_list(s)')
    const distinct = [
      'count(DISTINCT v)',
      'sum(DISTINCT v)',
      'avg(DISTINCT v)',
      'count(DISTINCT s)',
      'count(DISTINCT s, v)',
      'count(DISTINCT ts)',
      'count(DISTINCT struct(v, s))',
      "count(DISTINCT v) FILTER (WHERE s = 'a')",
      'sum(DISTINCT v) FILTER (WHERE v > 1)',
      'count(DISTINCT CASE WHEN v > 2 THEN k END)',
      'sort_array(collect_list(DISTINCT v))',
      'max(DISTINCT s)',
    ]
    if (r.rich) distinct.push('count(DISTINCT d)', 'sum(DISTINCT m)', 'count(DISTINCT ok, m)')
    if (ordered) distinct.push('collect_list(DISTINCT s)', 'first(DISTINCT v)')
    const more = this.#maybe(0.25) ? this.#some(distinct, 3) : []
    return [...this.#some(some, 5), ...more].map((a, i) => `${a} AS a${i}`).join(', ')
  }

  #top(): { readonly sql: string; readonly mode: RandomCase['outputMode']; readonly key: readonly string[] } {
    const kind = this.#pick([
      'window',
      'window',
      'table function',
      'session',
      'plain',
      'plain',
      'sets',
      'dedup',
      'join',
      'join',
      'kept table',
      'equal windows',
      'rows',
      'nested',
    ])
    const lower = kind === 'sets' ? 0 : kind === 'plain' ? this.#pick([0, 0, 1]) : this.#pick([0, 0, 1, 1, 2])
    const having = this.#maybe(0.2) ? ` HAVING count(*) >= ${this.#int(1, 2)}` : ''
    switch (kind) {
      case 'window': {
        const r = this.#relation(lower)
        const mode =
          r.levels > 0 ? 'append' : this.#pick(['append', 'append', 'update', 'complete', 'changelog'] as const)
        const keys = this.#some(['k', 's'], 2).filter(() => this.#maybe(0.7))
        this.#shape.push(`window ${mode}`)
        const list = keys.map((x) => `, ${x}`).join('')
        return {
          sql: `SELECT window.start AS ws, window.end AS we${list}, ${this.#aggregates(r, r.ordered)} FROM ${r.name} GROUP BY ${this.#window('ts')}${list}${mode === 'changelog' ? this.#changing(having) : having}`,
          mode,
          key: ['ws', 'we', ...keys],
        }
      }
      case 'table function': {
        const r = this.#relation(lower)
        const mode = r.levels > 0 ? 'append' : this.#pick(['append', 'append', 'update', 'complete'] as const)
        const key = this.#pick([['window_start', 'window_end'], ['window_start'], ['window_end'], ['window_time']])
        const from = this.#pick([
          `TUMBLE(TABLE ${r.name}, DESCRIPTOR(ts), '10 seconds', '${this.#int(-30, 30)} seconds')`,
          `HOP(TABLE ${r.name}, DESCRIPTOR(ts), '4 seconds', '10 seconds')`,
          `CUMULATE(TABLE ${r.name}, DESCRIPTOR(ts), '5 seconds', '20 seconds', '${this.#int(-30, 30)} seconds')`,
        ])
        this.#shape.push(`${from.slice(0, from.indexOf('('))} ${mode}`)
        return {
          sql: `SELECT ${key.join(', ')}, k, ${this.#aggregates(r, false)} FROM ${from} GROUP BY ${key.join(', ')}, k${having}`,
          mode,
          key: [...key, 'k'],
        }
      }
      case 'session': {
        const r = this.#relation(lower)
        const mode =
          r.levels > 0 ? 'append' : this.#pick(['append', 'append', 'complete', 'update', 'changelog'] as const)
        this.#shape.push(`session ${mode}`)
        const sw = this.#session()
        const key = this.#maybe(0.25) ? '' : ', k'
        return {
          sql: `SELECT session_window.start AS ws, session_window.end AS we${key}, ${this.#aggregates(r, false)} FROM ${r.name} GROUP BY ${sw}${key}${mode === 'changelog' ? this.#changing(having) : having}`,
          mode,
          key: ['ws', 'we', ...(key === '' ? [] : ['k'])],
        }
      }
      case 'plain': {
        const r = this.#relation(lower)
        // Rows that an outer join below holds back are missing until they are final.
        const mode = this.#pick(
          r.levels > 0 ? (['update', 'complete'] as const) : (['update', 'complete', 'changelog'] as const),
        )
        const keys = this.#pick([[], ['k'], ['s'], ['k', 's']])
        this.#shape.push(`aggregate ${mode}`)
        return {
          sql: `SELECT ${[...keys, this.#aggregates(r, r.ordered)].join(', ')} FROM ${r.name}${keys.length > 0 ? ` GROUP BY ${keys.join(', ')}` : ''}${mode === 'changelog' ? this.#changing(having) : having}`,
          mode,
          key: keys,
        }
      }
      case 'sets': {
        const r = this.#relation(lower)
        const timed = this.#maybe(0.5)
        const mode = timed
          ? this.#pick(['append', 'update', 'complete', 'changelog'] as const)
          : this.#pick(['update', 'complete', 'changelog'] as const)
        this.#shape.push(`grouping sets ${mode}`)
        const sets = this.#pick(['ROLLUP (k, s)', 'CUBE (k, s)', 'GROUPING SETS ((k), (s), (k, s))'])
        const window = timed ? 'window.start AS ws, window.end AS we, ' : ''
        return {
          sql: `SELECT ${window}k, s, grouping_id() AS g, ${this.#aggregates(r, false)} FROM ${r.name} GROUP BY ${timed ? `${this.#window('ts')}, ` : ''}${sets}${having}`,
          mode,
          key: [...(timed ? ['ws', 'we'] : []), 'k', 's', 'g'],
        }
      }
      case 'dedup': {
        const below = this.#relation(lower)
        const r = this.#maybe(0.3) ? below : this.#dedup(below)
        const mode = r === below || r.levels > 1 ? 'append' : this.#pick(['append', 'update', 'changelog'] as const)
        if (r.levels === 0 || this.#maybe(0.2)) {
          this.#nullTimes = false
          this.#shape.push(`distinct append`)
          return { sql: `SELECT DISTINCT ts, k, s FROM ${r.name}`, mode: 'append', key: [] }
        }
        return { sql: `SELECT ts, k, s, v FROM ${r.name}`, mode, key: [] }
      }
      case 'join': {
        const l = this.#relation(lower)
        const r = this.#relation(this.#maybe(0.2) ? 1 : 0)
        const how = this.#pick(['JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN', 'LEFT SEMI JOIN', 'LEFT ANTI JOIN'])
        this.#shape.push(`stream ${how} append`)
        const right = ONE_SIDED.test(how) ? '' : ', r.ts AS rts, r.k AS rk, r.s AS rs, r.v AS rv'
        return {
          sql: `SELECT l.ts, l.k, l.s, l.v${right} FROM ${l.name} l ${how} ${r.name} r ON ${this.#bounds(how === 'JOIN')}`,
          mode: 'append',
          key: [],
        }
      }
      case 'kept table': {
        const r = this.#relation(lower)
        const how = this.#pick(['LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN', 'LEFT SEMI JOIN', 'LEFT ANTI JOIN'])
        this.#shape.push(`kept table ${how} append`)
        const from = how === 'RIGHT JOIN' ? `${r.name} l RIGHT JOIN c` : `c ${how} ${r.name} l`
        const free = how === 'LEFT SEMI JOIN' && this.#maybe(0.3)
        const time = free
          ? []
          : [this.#pick(['l.ts <= c.until', 'l.ts < c.until - INTERVAL 7 SECONDS', 'l.ts = c.until'])]
        const more = this.#pick([
          'l.k = c.k',
          'l.k = c.k AND l.v > c.w',
          'l.k <=> c.k AND c.w > 0',
          'l.k = c.k AND l.v > 0',
        ])
        const on = [...time, ...(free || this.#maybe(0.8) ? [more] : [])].join(' AND ')
        if (ONE_SIDED.test(how)) return { sql: `SELECT c.* FROM ${from} ON ${on}`, mode: 'append', key: [] }
        if (this.#maybe(0.3))
          return {
            sql: `SELECT window.start AS ws, name, count(*) AS n, sum(v) AS v FROM (SELECT l.ts, l.v, c.name FROM ${from} ON ${on}) GROUP BY ${this.#window('ts')}, name`,
            mode: 'append',
            key: ['ws', 'name'],
          }
        return { sql: `SELECT c.*, l.ts, l.k AS lk, l.s, l.v FROM ${from} ON ${on}`, mode: 'append', key: [] }
      }
      case 'equal windows': {
        const w = this.#window('ts')
        const side = (r: Relation): string =>
          this.#maybe(0.5)
            ? this.#view(`SELECT window, k, sum(v) AS v FROM ${r.name} GROUP BY ${w}, k`)
            : this.#view(`SELECT window, k, v FROM (SELECT ${w} AS window, k, v FROM ${r.name})`)
        const l = side(this.#relation(0))
        const r = side(this.#relation(0))
        const how = this.#pick(['JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN', 'LEFT SEMI JOIN', 'LEFT ANTI JOIN'])
        this.#shape.push(`equal windows ${how} append`)
        const right = ONE_SIDED.test(how) ? '' : ', r.window.start AS rw, r.k AS rk, r.v AS rv'
        return {
          sql: `SELECT l.window.start AS lw, l.k, l.v${right} FROM ${l} l ${how} ${r} r ON l.k = r.k AND l.window = r.window`,
          mode: 'append',
          key: [],
        }
      }
      case 'nested': {
        const r = this.#relation(this.#maybe(0.3) ? 1 : 0)
        this.#shape.push('window of window append')
        const inner = this.#view(
          `SELECT window AS w0, k, count(*) AS v, max(s) AS s, max(ts) AS ts FROM ${r.name} GROUP BY ${this.#window('ts')}, k`,
        )
        return {
          sql: `SELECT window.start AS ws, window.end AS we, ${this.#aggregates({ ...r, rich: false }, false)} FROM ${inner} GROUP BY ${this.#window('w0')}`,
          mode: 'append',
          key: ['ws', 'we'],
        }
      }
      default: {
        const r = this.#relation(lower)
        const mode = r.levels === 0 ? this.#pick(['append', 'update', 'changelog'] as const) : 'append'
        this.#shape.push(`rows ${mode}`)
        return { sql: `SELECT *, k + v AS kv FROM ${r.name}`, mode, key: [] }
      }
    }
  }
}

const viewText = (v: View): string =>
  'sql' in v ? `${v.name} = ${v.sql}` : `${v.name} = ${v.from}.dropDuplicates(${v.dedup.join(', ')})`
