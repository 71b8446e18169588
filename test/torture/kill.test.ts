import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { childProgram } from './built.ts'
import { torture } from './torture.ts'

test.each([
  ['aggregation', 12],
  ['processor', 6],
] as const)('a query (%s) killed %i times writes exactly the batch answer', async (query, kills) => {
  const work = mkdtempSync(join(tmpdir(), 'millrace-kill-'))
  const lines: string[] = []
  try {
    const seed = Number(process.env['MILLRACE_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
    lines.push(`seed ${seed}`)
    const result = await torture({
      seed,
      kills,
      query,
      minEach: 1,
      work,
      child: childProgram(),
      say: (line) => lines.push(line),
    })
    expect(result.faults, lines.join('\n')).toEqual([])
    expect(result.outputRows).toBeGreaterThan(0)
    console.log(`kill test of the ${query}: seed ${seed}; ${JSON.stringify(result.kills)}`)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
})
