import { createInterface } from 'node:readline'
import type { Json } from '../types/json.ts'
import { errorAnswer, type ScenarioRequest, type SqlRequest } from './request.ts'
import { answerScenario } from './scenario.ts'
import { answerSql } from './sql.ts'

/**
 * `millrace conform --stdin`: JSON lines in, one JSON line out for each, in order, flushed at once. A request that goes
 * wrong inside answers INTERNAL_ERROR; the process lives on.
 */
export async function conformStdin(
  input: NodeJS.ReadableStream,
  write: (line: string) => Promise<void>,
): Promise<void> {
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    if (line.trim() === '') continue
    await write(`${JSON.stringify(await answer(line))}\n`)
  }
}

async function answer(line: string): Promise<Json> {
  let id: Json = null
  try {
    const request = JSON.parse(line) as { readonly id: Json; readonly scenario?: object }
    id = request.id
    return request.scenario === undefined
      ? await answerSql(request as unknown as SqlRequest)
      : await answerScenario(request as unknown as ScenarioRequest)
  } catch (error) {
    const answered = { ...errorAnswer(error), condition: 'INTERNAL_ERROR' }
    return { id, results: [{ error: answered }], result: { error: { phase: 'run', ...answered } } }
  }
}
