import { type BadRecordPolicy, badRecordPolicy } from '../connectors/bad-records.ts'
import { validateOptions } from '../connectors/options.ts'
import type { Options, SinkProvider, SourceProvider } from '../connectors/provider.ts'
import type { Connectors } from '../connectors/registry.ts'
import { OptionError, UnsupportedError } from '../errors/errors.ts'
import type { PipelineSpec } from '../planner/spec.ts'
import { identityText, tableIdentity } from '../plan/source-identity.ts'

/** What the options of a query say about bad records. */
export interface BadRecordOptions {
  readonly policy: BadRecordPolicy
  readonly maxRecords: number
  readonly sink: SinkWithOptions | null
}

interface SinkWithOptions {
  readonly provider: SinkProvider
  readonly options: Options
}

const FORMAT = 'badrecords.format'
const PREFIX = 'badrecords.'

/**
 * Takes `badRecords`, `badRecordsMax`, `badRecords.format` and `badRecords.<option of that format>` out of the options of a
 * query; what is left is for its own sink. A sink without a policy is policy `sink`.
 */
export function takeBadRecords(
  given: Readonly<Record<string, string>>,
  connectors: Connectors,
): { readonly bad: BadRecordOptions; readonly others: Readonly<Record<string, string>> } {
  const others: Record<string, string> = {}
  const ofSink: Record<string, string> = {}
  let format: string | undefined
  let policy: string | undefined
  let max: string | undefined
  for (const [key, value] of Object.entries(given)) {
    const name = key.toLowerCase()
    if (name === 'badrecords') policy = value
    else if (name === 'badrecordsmax') max = value
    else if (name === FORMAT) format = value
    else if (name.startsWith(PREFIX)) ofSink[key.slice(PREFIX.length)] = value
    else others[key] = value
  }
  if (format === undefined && Object.keys(ofSink).length > 0)
    throw new OptionError(
      'OPTION_MISSING',
      { format: 'the sink for bad records', option: 'badRecords.format' },
      { hint: "writeStream.badRecords('json', { path }) sets it" },
    )
  const bad = {
    policy: policy === undefined ? (format === undefined ? 'fail' : 'sink') : badRecordPolicy('a stream', policy),
    maxRecords: max === undefined ? Infinity : limitOf(max),
    sink: format === undefined ? null : sinkOf(connectors.sink(format), ofSink),
  } as const
  return { bad, others }
}

function sinkOf(provider: SinkProvider, given: Readonly<Record<string, string>>): SinkWithOptions {
  if (!provider.modes.includes('append'))
    throw new UnsupportedError('STREAMING_OUTPUT_MODE.UNSUPPORTED_DATASOURCE', {
      format: provider.format,
      mode: 'append',
    })
  return { provider, options: validateOptions(provider.format, provider.options, given, provider.openOptions) }
}

function limitOf(text: string): number {
  if (/^\d+$/.test(text.trim())) return Number(text)
  const expected = 'a whole number, not below zero,'
  throw new OptionError('OPTION_INVALID', { format: 'a stream', option: 'badRecordsMax', value: text, expected })
}

/**
 * Refuses a policy `sink`, of the query or one of its `sources`, without a sink, a sink that nothing goes to, and one that
 * is the query's own.
 */
export function checkBadRecords(
  bad: BadRecordOptions,
  sources: readonly { readonly name: string; readonly options: Options }[],
  own: SinkWithOptions & { readonly queryName: string | null },
): void {
  const source = sources.find(({ options }) => String(options['badRecords']).toLowerCase() === 'sink')
  if (bad.sink === null) {
    if (source === undefined && bad.policy !== 'sink') return
    throw new OptionError(
      'BAD_RECORDS_WITHOUT_SINK',
      { what: source === undefined ? 'the query' : `the query of source ${source.name}` },
      { hint: "call writeStream.badRecords('json', { path }), or set option badRecords.format" },
    )
  }
  if (bad.policy !== 'sink' && source === undefined)
    throw new OptionError(
      'BAD_RECORDS_SINK_UNUSED',
      { what: `badRecords of the query is ${bad.policy} and no source says sink` },
      { hint: "leave option badRecords out, or set it to 'sink'" },
    )
  const place = placeOf(bad.sink, null)
  if (place !== null && place === placeOf(own, own.queryName))
    throw new OptionError(
      'BAD_RECORDS_SINK_UNUSED',
      { what: `the query writes its rows to the same place (${own.provider.format})` },
      { hint: 'give it a place of its own' },
    )
}

/** What a sink writes to, as a text; null where its options do not say. */
function placeOf({ provider, options }: SinkWithOptions, queryName: string | null): string | null {
  const identity = tableIdentity(provider.format, options)
  const name = 'queryName' in provider.options ? (options['queryName'] ?? queryName ?? undefined) : undefined
  if (name !== undefined) return `${provider.format} ${String(name).toLowerCase()}`
  return Object.keys(identity.what).length > 0 ? identityText(identity) : null
}

/** The sources a query reads batch by batch (of a bounded query all of them), with their options. */
export function sourcesOf(
  spec: PipelineSpec,
  connectors: Connectors,
): readonly { readonly name: string; readonly provider: SourceProvider; readonly options: Options }[] {
  return spec.nodes.flatMap((node) => {
    if (node.op !== 'source' || (spec.kind === 'stream' && !node.streaming)) return []
    const provider = connectors.source(node.format)
    const options = validateOptions(provider.format, provider.options, node.options, provider.openOptions)
    return [{ name: node.name, provider, options }]
  })
}
