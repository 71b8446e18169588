import { rowsOf } from './rows-of.ts'
import { MillraceSession } from '../session.ts'
import { substituteVariables } from '../session/substitution.ts'
import { parseStatement } from '../sql/parse.ts'
import { typeName } from '../types/data-type.ts'
import type { Json } from '../types/json.ts'
import { sqlEncoding, valueEncoder } from './encode-value.ts'
import { errorAnswer, type SqlRequest } from './request.ts'

/** Runs the statements of one request in a fresh session, in order, whether or not one fails. */
export async function answerSql(request: SqlRequest): Promise<Json> {
  const session = new MillraceSession({ 'spark.sql.session.timeZone': 'UTC', 'millrace.extensions': 'false' })
  const results: Json[] = []
  const limits = request.timeoutMs === undefined ? {} : { timeoutMs: request.timeoutMs }
  try {
    for (const [key, value] of Object.entries(request.conf ?? {})) session.conf.set(key, value)
    for (const statement of request.statements) {
      try {
        const parsed = parseStatement(substituteVariables(statement, (key) => session.conf.get(key)))
        const df = await session.executeStatement(parsed, undefined, limits)
        // SET shows its key here, where the contract has it among the statements without a result.
        const empty = df.schema.fields.length === 0 && parsed.kind !== 'query_statement'
        if (empty || parsed.kind === 'set' || parsed.kind === 'insert') {
          results.push({ schema: [], rows: [] })
          continue
        }
        const encoding = sqlEncoding(session.conf.get('spark.sql.session.timeZone')!)
        const encoders = df.schema.fields.map((f) => valueEncoder(f.type, encoding))
        const rows = await rowsOf(df, limits)
        results.push({
          schema: df.schema.fields.map((f) => [f.name, typeName(f.type)]),
          rows: rows.map((row) => row.map((v, i) => encoders[i]!(v))),
        })
      } catch (error) {
        results.push({ error: { ...errorAnswer(error) } })
      }
    }
  } catch (error) {
    while (results.length < request.statements.length) results.push({ error: { ...errorAnswer(error) } })
  } finally {
    await session.stop()
  }
  return { id: request.id, results }
}
