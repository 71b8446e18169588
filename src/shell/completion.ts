import { readdirSync } from 'node:fs'
import { KEYWORDS } from '../../grammar/keywords.ts'
import { scan } from '../../grammar/tokens.ts'
import { SINKS, SOURCES } from '../connectors/registry.ts'
import { MillraceError } from '../errors/errors.ts'
import { functionNames } from '../functions/registry.ts'
import { WINDOW_TABLE_FUNCTIONS } from '../plan/window-table-function.ts'
import type { MillraceSession } from '../session.ts'
import { META_NAMES, MODES_OF, TABLE_COMMANDS } from './meta-names.ts'

/** What readline wants: the whole words that may stand there, and the part of them that is typed. */
export type Completions = readonly [hits: string[], typed: string]

/** Words after which a table is meant. */
const TABLE_WORDS = new Set([
  'FROM',
  'JOIN',
  'INTO',
  'TABLE',
  'STREAM',
  'DESCRIBE',
  'DESC',
  'VIEW',
  'TRUNCATE',
  'REFRESH',
])

/** Words a statement begins with, offered for an empty line. */
const STARTS = [
  'SELECT',
  'WITH',
  'CREATE',
  'INSERT',
  'SHOW',
  'DESCRIBE',
  'EXPLAIN',
  'SET',
  'RESET',
  'STOP',
  'DROP',
  'VALUES',
]

/** Functions that are no entries of the registry. */
const TIME_WINDOWS = ['window', 'session_window', 'calendar_window', 'window_time']

/**
 * Completes the word at the end of `line`; `before` are the earlier lines of the statement, `after` is what stands behind
 * the cursor: its tables count too.
 */
export function complete(session: MillraceSession, before: string, line: string, after = ''): Completions {
  if (before === '' && /^\s*[.\\]/.test(line)) return completeMeta(session, line.trimStart())
  const text = `${before}\n${line}`
  if (inQuote(text)) return [[], '']
  const typed = /[\w.`]*$/.exec(line)![0]
  const head = text.slice(0, text.length - typed.length)
  const previous = /(\w+)\W*$/.exec(head)?.[1]?.toUpperCase()
  const dot = typed.lastIndexOf('.')
  if (dot >= 0) {
    const table = tableOf(session, `${text} ${after}`, typed.slice(0, dot))
    return [
      starting(
        columnsOf(session, table).map((c) => `${typed.slice(0, dot)}.${quoted(c)}`),
        typed,
      ),
      typed,
    ]
  }
  if (previous === 'USING')
    return [starting([...new Set([...SOURCES, ...SINKS].map((p) => p.format))].sort(), typed), typed]
  const tables = session.catalog.listTables().map(quoted)
  if (previous !== undefined && TABLE_WORDS.has(previous) && /\s$/.test(head)) {
    const more = previous === 'FROM' || previous === 'JOIN' ? ['STREAM'] : []
    return [starting([...tables, ...cased(more, typed)], typed), typed]
  }
  if (head.trim() === '') return [starting(cased(typed === '' ? STARTS : [...KEYWORDS], typed), typed), typed]
  const columns = tablesIn(session, `${text} ${after}`)
    .flatMap((t) => columnsOf(session, t))
    .map(quoted)
  if (typed === '') return [[...new Set(columns)], '']
  const functions = [...functionNames(), ...TIME_WINDOWS, ...WINDOW_TABLE_FUNCTIONS].map(
    (f) => `${matchCase(f, typed)}(`,
  )
  return [starting([...new Set([...columns, ...tables, ...functions, ...cased(KEYWORDS, typed)])], typed), typed]
}

function completeMeta(session: MillraceSession, line: string): Completions {
  const [command = '', ...rest] = line.split(/\s+/)
  if (rest.length === 0) return [META_NAMES.filter((n) => n.startsWith(command)), line]
  const typed = rest[rest.length - 1]!
  if (TABLE_COMMANDS.has(command)) return [starting(session.catalog.listTables(), typed), typed]
  if (command === '.read' || command === '\\i') return [files(typed), typed]
  return [starting(MODES_OF[command] ?? [], typed), typed]
}

function files(typed: string): string[] {
  const folder = typed.slice(0, typed.lastIndexOf('/') + 1)
  try {
    const entries = readdirSync(folder === '' ? '.' : folder, { withFileTypes: true })
    return entries.map((e) => `${folder}${e.name}${e.isDirectory() ? '/' : ''}`).filter((f) => f.startsWith(typed))
  } catch {
    return []
  }
}

const starting = (words: readonly string[], typed: string): string[] =>
  words.filter((w) => w.length > typed.length && w.toLowerCase().startsWith(typed.toLowerCase()))

/** Keywords in the letters the user writes them in. */
const cased = (words: readonly string[], typed: string): string[] =>
  words.map((w) => (typed !== '' && typed === typed.toLowerCase() ? w.toLowerCase() : w))

const matchCase = (name: string, typed: string): string =>
  /[A-Z]/.test(typed) && typed === typed.toUpperCase() ? name.toUpperCase() : name

const quoted = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : `\`${name.replaceAll('`', '``')}\``)

function inQuote(text: string): boolean {
  const last = scan(text).pop()
  return (
    last !== undefined &&
    (last.tokenType.name === 'UnclosedQuote' || last.tokenType.name === 'UnclosedComment') &&
    !last.image.startsWith('`')
  )
}

/** Tables whose name is in the text. */
function tablesIn(session: MillraceSession, text: string): string[] {
  const words = new Set(scan(text).map((t) => t.image.replaceAll('`', '').toLowerCase()))
  return session.catalog.listTables().filter((t) => words.has(t.toLowerCase()))
}

/** The table an alias or name stands for: `FROM orders o`, `JOIN orders AS o`. */
function tableOf(session: MillraceSession, text: string, name: string): string {
  const wanted = name.replaceAll('`', '').toLowerCase()
  const words = scan(text).map((t) => t.image.replaceAll('`', ''))
  const tables = new Set(session.catalog.listTables().map((t) => t.toLowerCase()))
  for (let i = 1; i < words.length; i++) {
    if (words[i]!.toLowerCase() !== wanted) continue
    const at = words[i - 1]!.toUpperCase() === 'AS' ? i - 2 : i - 1
    if (tables.has((words[at] ?? '').toLowerCase())) return words[at]!
  }
  return name
}

function columnsOf(session: MillraceSession, table: string): string[] {
  try {
    return session.table(table).columns
  } catch (error) {
    // Half a statement names what is not there yet.
    if (error instanceof MillraceError) return []
    throw error
  }
}
