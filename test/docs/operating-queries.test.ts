import { mkdtempSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as api from '../../src/index.ts'

/** The examples of a page: the heading each stands under, and its code. */
function examples(page: string): [heading: string, code: string][] {
  const out: [string, string][] = []
  let heading = ''
  let code: string[] | null = null
  for (const line of readFileSync(join(import.meta.dirname, '../../docs', page), 'utf8').split('\n')) {
    if (code !== null) {
      if (line === '```') {
        out.push([heading, code.join('\n')])
        code = null
      } else code.push(line)
    } else if (line.startsWith('#')) heading = line.replace(/^#+ /, '')
    else if (line === '```ts') code = []
  }
  return out
}

/** Runs an example (it has no types in it) as the body of an async function; gives what it printed. */
async function run(code: string): Promise<unknown[][]> {
  const work = mkdtempSync(join(tmpdir(), 'millrace-docs-'))
  const input = join(work, 'input')
  mkdirSync(input)
  writeFileSync(join(input, '0.json'), '{"page":"home","n":1}\n{"page":"cart","n":7}\n{"page":"home","n":2}\n')
  const session = new api.MillraceSession({ 'millrace.durability': 'process' }, { note: () => undefined })
  const clicks = session.readStream.schema('page STRING, n BIGINT').json(input)
  const printed: unknown[][] = []
  const body = code.replaceAll(/^import \{(.*)\} from 'millrace'$/gm, 'const {$1} = millrace')
  const scope = {
    session,
    clicks,
    work,
    input,
    millrace: api,
    console: { log: (...args: unknown[]) => void printed.push(args) },
  }
  const make = new Function(...Object.keys(scope), `return (async () => {\n${body}\n})()`) as (
    ...args: unknown[]
  ) => Promise<void>
  try {
    await make(...Object.values(scope))
  } finally {
    await session.stop()
  }
  return printed
}

describe('docs/operating-queries.md', () => {
  const all = examples('operating-queries.md')
  test.each(all)('%s', async (heading, code) => {
    const printed = JSON.stringify(await run(code))
    const shown: Readonly<Record<string, string>> = {
      'Starting and stopping': '[3]]',
      'The queries of a session': '[[1,true],',
      'Metrics of the rows': '[[{"clicks":{"rows":3,"largest":7}}],[{"top":9}]]',
      Failures: '["FOREACH_BATCH_USER_FUNCTION_ERROR","failing",0]',
      'What a query promises': '[["exactly-once"]]',
    }
    expect(printed).toContain(shown[heading] ?? '[')
  })

  test('has its examples', () => expect(all.length).toBe(8))
})
