import type { OptionSpec, Replay, SinkKind, SinkProvider, SourceProvider } from './provider.ts'

const NOTE = '<!-- Printed from the providers in src/connectors by `node .ci/print-docs.mjs`; do not edit. -->'

const REPLAY: Readonly<Record<Replay, string>> = {
  native: 'read again from the origin after a crash',
  logged: 'logged in the checkpoint before they are acknowledged, read again after a crash',
  none: 'not read again after a crash',
}

const KIND: Readonly<Record<SinkKind, string>> = {
  joining: 'exactly once: written in the transaction that commits the batch',
  tokened: 'exactly once: the batch id is stored with the rows',
  idempotent: 'exactly once: a batch that runs again has the effect of running once',
}

/** docs/sources.md: every source with its options, from what the providers declare. */
export function sourcesPage(sources: readonly SourceProvider[]): string {
  const parts = sorted(sources).map((p) =>
    section(p, [
      `Read by ${p.supports.map((s) => (s === 'batch' ? '`session.read`' : '`session.readStream`')).join(' and ')}.`,
      p.supports.includes('stream')
        ? `Rows are ${REPLAY[p.replay]}${p.replayOf === undefined ? '' : ' (by default, see `wal`)'}.`
        : '',
    ]),
  )
  return page(
    'Sources',
    "`session.readStream.format('…').option('…', …).load()`. Names of formats and options are matched without regard to case.",
    parts,
  )
}

/** docs/sinks.md: every sink with its options, likewise. */
export function sinksPage(sinks: readonly SinkProvider[]): string {
  const parts = sorted(sinks).map((p) => {
    const delivery =
      p.repeats === true ? 'at least once: a batch whose commit was lost comes again under its id' : KIND[p.kind]
    return section(p, [`Output modes: ${p.modes.join(', ')}.`, `Delivery: ${delivery}.`])
  })
  return page(
    'Sinks',
    "`df.writeStream.format('…').option('…', …).start()`. Every query takes `checkpointLocation` besides.",
    parts,
  )
}

const sorted = <P extends { readonly format: string }>(all: readonly P[]): readonly P[] =>
  [...all].sort((a, b) => (a.format.toLowerCase() < b.format.toLowerCase() ? -1 : 1))

const page = (title: string, intro: string, sections: readonly string[]): string =>
  `# ${title}\n\n${NOTE}\n\n${intro}\n\n${sections.join('\n')}`

function section(p: SourceProvider | SinkProvider, facts: readonly string[]): string {
  const rows = Object.entries(p.options).map(([name, spec]) => row(name, spec))
  const open = p.openOptions === true ? ['Options of other names are passed on as they are.\n'] : []
  const table =
    rows.length === 0 && open.length === 0
      ? ['It takes no options.\n']
      : rows.length === 0
        ? []
        : [`| option | type | default | meaning |\n|---|---|---|---|\n${rows.join('\n')}\n`]
  return [`## ${p.format}\n`, `${p.doc} ${facts.filter((f) => f !== '').join(' ')}\n`, ...table, ...open].join('\n')
}

function row(name: string, spec: OptionSpec): string {
  const value = spec.default === undefined ? (spec.required === true ? '**required**' : '') : `\`${defaultText(spec)}\``
  return `| \`${name}\` | ${spec.type} | ${value} | ${spec.doc.replaceAll('|', '\\|')} |`
}

function defaultText(spec: OptionSpec): string {
  if (spec.type === 'duration') return `${String(spec.default)}ms`
  return spec.default === '' ? '(empty)' : String(spec.default)
}
