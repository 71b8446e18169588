import type { Unresolved } from '../plan/unresolved.ts'
import type { QueryContext } from './context.ts'

/** Writes a bounded DataFrame: `df.write.format('json').save(path)`. */
export class DataFrameWriter {
  readonly #context: QueryContext
  readonly #plan: Unresolved
  #format = 'json'
  readonly #options: Record<string, string> = {}

  constructor(context: QueryContext, plan: Unresolved) {
    this.#context = context
    this.#plan = plan
  }

  format(format: string): this {
    this.#format = format
    return this
  }
  option(key: string, value: string | number | boolean): this {
    this.#options[key] = String(value)
    return this
  }
  options(options: Readonly<Record<string, string | number | boolean>>): this {
    for (const [k, v] of Object.entries(options)) this.option(k, v)
    return this
  }
  async save(path?: string): Promise<void> {
    if (path !== undefined) this.option('path', path)
    await this.#context.write(this.#plan, this.#format, this.#options)
  }
  async json(path: string): Promise<void> {
    await this.format('json').save(path)
  }
}
