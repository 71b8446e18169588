import { OptionError } from '../errors/errors.ts'
import { printTable } from '../formats/table.ts'
import { MillraceSession } from '../session.ts'
import { cellMaker } from '../shell/output-mode.ts'
import { readText } from '../shell/read-text.ts'
import { parseStatements } from '../sql/parse.ts'
import { FAILED, faultLine } from './fault.ts'
import { type CommonOptions, settings } from './options.ts'

/** `millrace sql`: runs statements in order and prints each result; stops at the first fault. Queries they start end with it. */
export async function runSql(
  options: CommonOptions & { readonly e?: string; readonly f?: string },
  print: (text: string) => Promise<void>,
): Promise<void> {
  const session = new MillraceSession(settings(options.conf))
  if ((options.e === undefined) === (options.f === undefined))
    throw new OptionError(
      'SQL_INPUT_MISSING',
      {},
      { hint: 'millrace sql -e "SELECT 1" or millrace sql -f queries.sql' },
    )
  const text = options.e ?? readText(options.f!)
  const { errors } = parseStatements(text)
  for (const error of errors) process.stderr.write(faultLine(error, options.json === true))
  if (errors.length > 0) {
    process.exitCode = FAILED
    return
  }
  try {
    for await (const df of session.script(text)) {
      const { schema } = df
      const batches = await df.batches()
      if (schema.fields.length === 0) continue
      const timeZone = session.conf.get('spark.sql.session.timeZone')!
      if (options.json === true) {
        const cells = cellMaker(schema, 'json', timeZone)
        for (const batch of batches)
          await print(
            cells(batch)
              .map((row) => `${row[0]!}\n`)
              .join(''),
          )
      } else {
        await print(printTable(schema, batches, { maxRows: Number.MAX_SAFE_INTEGER, truncate: 0, timeZone }))
      }
    }
  } finally {
    await session.stop()
  }
}
