import type { OptionSpecs } from '../connectors/provider.ts'
import { isRefreshOption, type Refresh, takeRefresh } from '../connectors/refresh.ts'
import type { Connectors } from '../connectors/registry.ts'
import { OptionError } from '../errors/errors.ts'
import { nearestName } from '../errors/suggest.ts'

interface Side {
  readonly format: string
  readonly options: OptionSpecs
  readonly openOptions?: boolean
}

type Given = Readonly<Record<string, string>>

function sideOf(connectors: Connectors, format: string, side: 'source' | 'sink'): Side | undefined {
  const all: readonly Side[] = side === 'source' ? connectors.sources : connectors.sinks
  return all.find((p) => p.format.toLowerCase() === format.toLowerCase())
}

const knows = (side: Side | undefined, key: string): boolean =>
  side !== undefined &&
  (side.openOptions === true || Object.keys(side.options).some((k) => k.toLowerCase() === key.toLowerCase()))

/** Those options of a table that one side of its format takes: a table's options serve reading and writing. */
export function optionsFor(connectors: Connectors, format: string, options: Given, side: 'source' | 'sink'): Given {
  const provider = sideOf(connectors, format, side)
  return Object.fromEntries(Object.entries(options).filter(([key]) => knows(provider, key)))
}

/** The refresh a table's options ask for; throws OptionError for one that its source cannot do. */
export function refreshFor(connectors: Connectors, format: string, options: Given): { readonly refresh?: Refresh } {
  return formatKind(connectors, format).source ? takeRefresh(connectors.source(format), options).refresh : {}
}

/** Refuses an option that neither the source nor the sink of the format takes. */
export function checkTableOptions(connectors: Connectors, format: string, options: Given): void {
  const sides = [sideOf(connectors, format, 'source'), sideOf(connectors, format, 'sink')]
  for (const key of Object.keys(options)) {
    if (sides.some((s) => knows(s, key)) || (sides[0] !== undefined && isRefreshOption(key))) continue
    const names = [...new Set(sides.flatMap((s) => Object.keys(s?.options ?? {})))]
    const near = nearestName(key, names)
    const known = names.length === 0 ? 'It takes none.' : `It knows: ${names.join(', ')}.`
    throw new OptionError('OPTION_UNKNOWN', { format, option: key }, { hint: near ? `did you mean "${near}"?` : known })
  }
}

/** Whether a format of that name is known, can be read, can be written, and keeps its data under a path whichever way it is used. */
export function formatKind(
  connectors: Connectors,
  format: string,
): { readonly known: boolean; readonly source: boolean; readonly sink: boolean; readonly needsPath: boolean } {
  const source = sideOf(connectors, format, 'source')
  const sink = sideOf(connectors, format, 'sink')
  const sides = [source, sink].filter((s) => s !== undefined)
  return {
    known: sides.length > 0,
    source: source !== undefined,
    sink: sink !== undefined,
    needsPath: sides.length > 0 && sides.every((s) => s.options['path']?.required === true),
  }
}
