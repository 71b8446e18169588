import type { Options, Replay, SinkKind, SinkProvider, SourceProvider } from '../connectors/provider.ts'

/** How a sink is written. */
export interface SinkGuarantee {
  readonly format: string
  readonly kind: SinkKind
  /** `at-least-once`: a batch whose commit was lost is written again, under the same batch id. */
  readonly delivery: 'exactly-once' | 'at-least-once'
}

/** What a query promises about each row of its input, whatever happens to the process. */
export interface QueryGuarantees {
  /** From the sources to the sink, the weakest of what follows. */
  readonly endToEnd: 'exactly-once' | 'at-least-once' | 'at-most-once'
  /** `exactly-once`: state and offsets survive in the checkpoint; `none`: they end with the query. */
  readonly state: 'exactly-once' | 'none'
  /** `power`: a power cut loses no commit; `process`: kill -9 loses none; `none`: nothing is kept. */
  readonly durability: 'power' | 'process' | 'none'
  readonly sink: SinkGuarantee
  /** Where its bad records go, if anywhere; they are there before their batch commits. */
  readonly badRecords?: SinkGuarantee
  /** `none`: rows that were taken and not committed are lost. */
  readonly sources: readonly {
    readonly name: string
    readonly format: string
    readonly replay: Replay
  }[]
}

interface SinkWithOptions {
  readonly provider: SinkProvider
  readonly options: Options
}

const ofSink = ({ provider, options }: SinkWithOptions): SinkGuarantee => ({
  format: provider.format,
  kind: provider.kindOf?.(options) ?? provider.kind,
  delivery: provider.repeats === true ? 'at-least-once' : 'exactly-once',
})

/** What a query over these has. `durability` null: it runs without a checkpoint location. */
export function guaranteesOf(
  inputs: readonly { readonly name: string; readonly provider: SourceProvider; readonly options: Options }[],
  sink: SinkWithOptions,
  bad: SinkWithOptions | null,
  durability: 'power' | 'process' | null,
): QueryGuarantees {
  const { delivery } = ofSink(sink)
  const sources = inputs.map(({ name, provider, options }) => ({
    name,
    format: provider.format,
    replay: provider.replayOf?.(options) ?? provider.replay,
  }))
  const lossy = durability === null || sources.some((s) => s.replay === 'none')
  return {
    endToEnd: lossy ? 'at-most-once' : delivery,
    state: durability === null ? 'none' : 'exactly-once',
    durability: durability ?? 'none',
    sink: ofSink(sink),
    ...(bad === null ? {} : { badRecords: ofSink(bad) }),
    sources,
  }
}

const ofSinkText = ({ format, kind, delivery }: SinkGuarantee): string =>
  `${format}: ${delivery} (${kind}${delivery === 'at-least-once' ? ', a batch may come again under its id' : ''})`

/** As EXPLAIN shows them, a line each. */
export function guaranteeLines(g: QueryGuarantees): readonly string[] {
  const durability = {
    power: 'a power cut loses no commit',
    process: 'a killed process loses no commit',
    none: 'no checkpoint location: a restart begins anew',
  }[g.durability]
  const replay = {
    native: 'read again after a crash',
    logged: 'logged before it is acknowledged, read again after a crash',
    none: 'NOT read again after a crash',
  }
  return [
    `end to end: ${g.endToEnd}`,
    `state and offsets: ${g.state} (${durability})`,
    `sink ${ofSinkText(g.sink)}`,
    ...(g.badRecords === undefined ? [] : [`bad records to ${ofSinkText(g.badRecords)}`]),
    ...g.sources.map((s) => `source ${s.name} (${s.format}): ${replay[s.replay]}`),
  ]
}
