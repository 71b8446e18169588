import { test } from 'vitest'
import {
  type ListState,
  type MapState,
  StatefulProcessor,
  type StatefulProcessorHandle,
  TimeMode,
  type ValueState,
} from '../../src/index.ts'
import { add, advanceClock, expectNew, restart, type Step, TestKit, testStream } from '../../src/testing/index.ts'
import { random } from '../../src/testing/random.ts'

type Command = { readonly key: string; readonly op: string; readonly name: string; readonly n: number }

const TTL_MS = 10_000

/** Does what rows say and tells what its states hold. */
class Obey extends StatefulProcessor<string, Command> {
  readonly #ttl: { readonly ttlDurationMs: number } | undefined
  #value!: ValueState<number>
  #list!: ListState<number>
  #map!: MapState<string, number>
  constructor(ttl: boolean) {
    super()
    this.#ttl = ttl ? { ttlDurationMs: TTL_MS } : undefined
  }
  override init(handle: StatefulProcessorHandle): void {
    this.#value = handle.getValueState('value', 'INT', this.#ttl)
    this.#list = handle.getListState('list', 'INT', this.#ttl)
    this.#map = handle.getMapState('map', 'STRING', 'INT', this.#ttl)
  }
  override *handleInputRows(key: string, commands: Iterable<Command>) {
    for (const { op, name, n } of commands) {
      if (op === 'update') this.#value.update(n)
      else if (op === 'append') this.#list.appendValue(n)
      else if (op === 'appendList') this.#list.appendList([n, n + 1, n + 2])
      else if (op === 'put') this.#list.put([n, -n])
      else if (op === 'set') this.#map.updateValue(name, n)
      else if (op === 'remove') this.#map.removeKey(name)
      else if (op === 'clearValue') this.#value.clear()
      else if (op === 'clearList') this.#list.clear()
      else this.#map.clear()
    }
    const map = [...this.#map.iterator()].map(([k, v]) => `${k}=${v}`).join()
    const exist = [this.#value, this.#list, this.#map].map((s) => (s.exists() ? 1 : 0)).join('')
    yield { key, text: `${this.#value.get() ?? '-'} [${[...this.#list.get()].join()}] {${map}} ${exist}` }
  }
}

const OPS = [
  'update',
  'append',
  'append',
  'appendList',
  'put',
  'set',
  'set',
  'set',
  'remove',
  'clearValue',
  'clearList',
]

interface Cell {
  readonly n: number
  readonly until: number
}

/** The same in plain JavaScript. */
class Model {
  value: Cell | null = null
  list: Cell[] = []
  map = new Map<string, Cell>()

  obey({ op, name, n }: Command, now: number, until: number): void {
    const cell = (of: number): Cell => ({ n: of, until })
    if (op === 'update') this.value = cell(n)
    else if (op === 'append') this.list.push(cell(n))
    else if (op === 'appendList') this.list.push(cell(n), cell(n + 1), cell(n + 2))
    else if (op === 'put') this.list = [cell(n), cell(-n)]
    else if (op === 'set') {
      if ((this.map.get(name)?.until ?? 0) <= now) this.map.delete(name)
      this.map.set(name, cell(n))
    } else if (op === 'remove') this.map.delete(name)
    else if (op === 'clearValue') this.value = null
    else if (op === 'clearList') this.list = []
    else this.map.clear()
  }

  expire(now: number): void {
    if (this.value !== null && this.value.until <= now) this.value = null
    this.list = this.list.filter((c) => c.until > now)
    for (const [k, c] of this.map) if (c.until <= now) this.map.delete(k)
  }

  text(now: number): string {
    const value = this.value !== null && this.value.until > now ? this.value.n : null
    const list = this.list.filter((c) => c.until > now).map((c) => c.n)
    const map = [...this.map].filter(([, c]) => c.until > now).map(([k, c]) => `${k}=${c.n}`)
    const exist = [value !== null, list.length > 0, map.length > 0].map(Number).join('')
    return `${value ?? '-'} [${list.join()}] {${map.join()}} ${exist}`
  }
}

test.each([
  [false, 1],
  [true, 2],
  [true, 3],
])('random commands do in every world what they do in memory (TTL %s, seed %i)', async (ttl, seed) => {
  const next = random(seed)
  const below = (n: number): number => Math.floor(next() * n)
  const kit = new TestKit()
  const stream = kit.stream('key STRING, op STRING, name STRING, n INT')
  const df = stream.df
    .as<Command>()
    .groupByKey((c) => c.key, 'STRING')
    .transformWithState(new Obey(ttl), {
      timeMode: ttl ? TimeMode.ProcessingTime : TimeMode.None,
      outputMode: 'update',
      result: 'key STRING, text STRING',
    })
  const models = new Map<string, Model>()
  const steps: Step[] = []
  let now = 0
  for (let b = 0; b < 14; b++) {
    const commands = Array.from({ length: 2 + below(12) }, (): Command => ({
      key: 'abc'[below(3)]!,
      op: next() < 0.04 ? 'clearMap' : OPS[below(OPS.length)]!,
      name: 'uvwxyz'[below(6)]!,
      n: below(100),
    }))
    const keys = [...new Set(commands.map((c) => c.key))]
    for (const key of keys) if (!models.has(key)) models.set(key, new Model())
    for (const c of commands) models.get(c.key)!.obey(c, now, ttl ? now + TTL_MS : Infinity)
    steps.push(
      add(stream, ...commands.map(({ key, op, name, n }) => [key, op, name, n] as const)),
      expectNew(...keys.map((key) => [key, models.get(key)!.text(now)] as const)),
    )
    for (const model of models.values()) model.expire(now)
    if (next() < 0.5) {
      // Stopped, so that what is due meets the next rows.
      const ms = below(6000)
      now += ms
      steps.push(restart(), advanceClock(ms))
    }
  }
  await testStream(kit, df, { outputMode: 'update', key: ['key'], worlds: ['as is', 'restarts', 'crash'] }, ...steps)
})
