import { readFileSync } from 'node:fs'
import { OptionError } from '../errors/errors.ts'
import { printTable } from '../formats/table.ts'
import { MillraceSession } from '../session.ts'
import { parseStatements } from '../sql/parse.ts'

/** `millrace sql`: runs statements in order and prints each result; stops at the first fault. */
export async function runSql(
  options: { readonly e?: string; readonly f?: string; readonly conf?: readonly string[]; readonly json?: boolean },
  print: (text: string) => Promise<void>,
): Promise<void> {
  const session = new MillraceSession(settings(options.conf ?? []))
  const text = statementsText(options)
  const { errors } = parseStatements(text)
  for (const error of errors) process.stderr.write(`${error.name}: ${error.message}\n`)
  if (errors.length > 0) {
    process.exitCode = 1
    return
  }
  try {
    for (const df of session.script(text)) {
      const { schema } = df
      if (schema.fields.length === 0) continue
      if (options.json === true) for (const row of await df.collect()) await print(`${JSON.stringify(row)}\n`)
      else {
        const batches = await df.batches()
        const timeZone = session.conf.get('spark.sql.session.timeZone')!
        await print(printTable(schema, batches, { maxRows: Number.MAX_SAFE_INTEGER, truncate: 0, timeZone }))
      }
    }
  } finally {
    await session.stop()
  }
}

function statementsText(options: { readonly e?: string; readonly f?: string }): string {
  if ((options.e === undefined) === (options.f === undefined))
    throw new OptionError('SQL_INPUT_MISSING', {}, { hint: 'millrace sql -e "SELECT 1" or millrace sql -f queries.sql' })
  if (options.e !== undefined) return options.e
  try {
    return readFileSync(options.f === '-' ? 0 : options.f!, 'utf8')
  } catch (cause) {
    throw new OptionError('FILE_NOT_READABLE', { path: options.f!, message: (cause as Error).message }, { cause })
  }
}

function settings(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at <= 0) throw new OptionError('INVALID_CONF_PAIR', { pair }, { hint: 'write --conf key=value' })
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}
