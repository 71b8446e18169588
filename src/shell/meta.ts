import { MillraceError, OptionError } from '../errors/errors.ts'
import { nearestName } from '../errors/suggest.ts'
import { allEntries, functionNames, lookup, signature } from '../functions/registry.ts'
import { printSchema, typeSql } from '../types/ddl.ts'
import { META_COMMANDS, META_NAMES, metaCommand, type MetaName } from './meta-names.ts'
import { outputModeOf } from './output-mode.ts'
import { readText } from './read-text.ts'
import type { Shell } from './shell.ts'

/** True for a line that is a command of the shell, not SQL. A number like `.5` is SQL. */
export const isMeta = (line: string): boolean => /^\s*(?:\.[a-z]|\\[a-z?])/i.test(line)

/** Runs one command of the shell. A fault is thrown as OptionError. */
export async function runMeta(shell: Shell, line: string): Promise<void> {
  const [name = '', ...args] = line.trim().replace(/;$/, '').split(/\s+/)
  const command = metaCommand(name)
  if (command === undefined) {
    const near = nearestName(name, META_NAMES)
    throw new OptionError(
      'UNKNOWN_SHELL_COMMAND',
      { name },
      { hint: near === undefined ? '.help lists them' : `did you mean ${near}?` },
    )
  }
  await COMMANDS[command.names[0]](shell, args, name)
}

type Command = (shell: Shell, args: readonly string[], name: string) => Promise<void>

const COMMANDS: Readonly<Record<MetaName, Command>> = {
  '.help': (shell) => {
    const left = META_COMMANDS.map((c) => `${c.names.join(' ')} ${c.args}`.trim())
    const width = Math.max(...left.map((l) => l.length))
    const lines = META_COMMANDS.map((c, i) => `${left[i]!.padEnd(width)}  ${c.doc}`)
    return shell.screen.write(
      `${lines.join('\n')}\nEverything else is SQL and ends with ;\nSELECT … FROM STREAM t shows new rows until Ctrl-C.\n`,
    )
  },
  '.tables': (shell) => showTables(shell),
  '.schema': async (shell, [name]) => {
    for (const table of name === undefined ? shell.session.catalog.listTables() : [name]) {
      const { schema } = shell.session.table(table)
      await shell.screen.write(
        `${table}(\n  ${schema.fields.map((f) => printSchema({ fields: [f] })).join(',\n  ')}\n)\n`,
      )
    }
  },
  '\\d': async (shell, [name]) => {
    if (name === undefined) return showTables(shell)
    const { schema } = shell.session.table(name)
    const rows = schema.fields.map((f) => ({
      column: f.name,
      type: typeSql(f.type),
      nullable: f.nullable ? 'yes' : 'no',
    }))
    await shell.print(shell.session.createDataFrame(rows, 'column STRING, type STRING, nullable STRING'))
  },
  '.functions': async (shell, [pattern]) => {
    const entry = pattern === undefined ? undefined : lookup(pattern)
    if (entry !== undefined) {
      const examples = entry.examples.map((e) => `  ${e.sql}  →  ${String(e.gives)}\n`)
      return shell.screen.write(`${signature(entry)}\n${entry.doc}\n${examples.join('')}`)
    }
    const glob =
      pattern === undefined
        ? /./
        : new RegExp(
            `^${pattern
              .toLowerCase()
              .replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&')
              .replaceAll('*', '.*')}$`,
          )
    const named = new Set(functionNames())
    const rows = allEntries()
      .filter((e) => named.has(e.name) && glob.test(e.name))
      .map((e) => ({ name: e.name, what: e.doc.split(/(?<=\.)\s/)[0]! }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
    await shell.print(shell.session.createDataFrame(rows, 'name STRING, what STRING'))
  },
  '.queries': (shell) => shell.statement('SHOW QUERIES'),
  '.mode': async (shell, [mode]) => {
    if (mode === undefined) return shell.screen.write(`${shell.mode}\n`)
    shell.mode = outputModeOf(mode)
  },
  '\\x': async (shell) => {
    shell.expanded = !shell.expanded
    await shell.notice(`one column a line: ${shell.expanded ? 'on' : 'off'}`)
  },
  '.timer': async (shell, [value]) => {
    if (value !== undefined && value !== 'on' && value !== 'off')
      throw new OptionError('UNKNOWN_SHELL_ARGUMENT', { name: '.timer', value }, { hint: 'on or off' })
    shell.timer = value === undefined ? !shell.timer : value === 'on'
    await shell.notice(`timer: ${shell.timer ? 'on' : 'off'}`)
  },
  '.read': async (shell, [path], name) => {
    if (path === undefined) throw new OptionError('SHELL_ARGUMENT_MISSING', { name }, { hint: `${name} file.sql` })
    await shell.input(readText(path))
  },
  '.quit': (shell) => {
    shell.leave()
    return Promise.resolve()
  },
}

async function showTables(shell: Shell): Promise<void> {
  const rows = shell.session.catalog.listTables().map((name) => ({ name, kind: kindOf(shell, name) }))
  await shell.print(shell.session.createDataFrame(rows, 'name STRING, kind STRING'))
}

/** Tables that cannot be read now (their files are gone) are listed all the same. */
function kindOf(shell: Shell, name: string): string {
  try {
    return shell.session.table(name).isStreaming ? 'stream' : 'table'
  } catch (error) {
    if (error instanceof MillraceError) return 'unreadable'
    throw error
  }
}
