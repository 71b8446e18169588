import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { DirectoryWatch } from '../../../src/connectors/files/directory-watch.ts'

it('trusts a modification time only once a listing began well after it was first seen', () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-watch-'))
  let now = 0
  const watch = new DirectoryWatch(() => now)
  const list = (): void => {
    watch.begin()
    watch.note(dir, fs.statSync(dir).mtimeMs)
  }
  expect(watch.unchanged()).toBe(false)
  list()
  now = 1_000_000
  // The only listing so far may have been within the tick of a change.
  expect(watch.unchanged()).toBe(false)
  list()
  expect(watch.unchanged()).toBe(true)
  fs.writeFileSync(path.join(dir, 'a'), '')
  fs.utimesSync(dir, 1, 1)
  expect(watch.unchanged()).toBe(false)
  list()
  expect(watch.unchanged()).toBe(false)
  now += 3000
  list()
  expect(watch.unchanged()).toBe(true)
  watch.reset()
  expect(watch.unchanged()).toBe(false)
  list()
  now += 3000
  list()
  fs.rmSync(dir, { recursive: true })
  expect(watch.unchanged()).toBe(false)
})
