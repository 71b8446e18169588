import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { torture } from './torture.ts'

const root = resolve(import.meta.dirname, '../..')
const child = join(root, 'dist/test/torture/child.js')

const newest = (dir: string): number => Math.max(...readdirSync(dir, { withFileTypes: true, recursive: true }).map((e) => (e.isFile() ? statSync(join(e.parentPath, e.name)).mtimeMs : 0)))

// The child is a program of its own and runs compiled; `npm test` has just built it.
beforeAll(() => {
  const built = statSync(child, { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (built < Math.max(newest(join(root, 'src')), newest(import.meta.dirname))) spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' })
})

test('a query killed twelve times writes exactly the batch answer', async () => {
  const work = mkdtempSync(join(tmpdir(), 'millrace-kill-'))
  const lines: string[] = []
  try {
    const seed = Number(process.env['MILLRACE_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
    lines.push(`seed ${seed}`)
    const result = await torture({ seed, kills: 12, minEach: 1, work, child, say: (line) => lines.push(line) })
    expect(result.faults, lines.join('\n')).toEqual([])
    expect(result.outputRows).toBeGreaterThan(0)
    console.log(`kill test: seed ${seed}; ${JSON.stringify(result.kills)}`)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
})
