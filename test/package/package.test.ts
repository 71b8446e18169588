import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { consumer, output, packedPackage, root } from './packed.ts'

interface Manifest {
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
  readonly dependencies: Readonly<Record<string, string>>
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest
const bin = (name: string): string => join(root, 'node_modules/.bin', name)

describe('the npm package', () => {
  let folder = ''
  let tarball = ''
  let project = ''
  beforeAll(() => {
    ;({ folder, tarball } = packedPackage())
    project = consumer(tarball, Object.keys(manifest.dependencies))
  }, 120_000)

  test('publint has nothing to say', () => {
    expect(output(bin('publint'), ['--strict'], folder)).toContain('All good!')
  })

  test('arethetypeswrong has nothing to say', () => {
    // CommonJS takes it by require(esm), which every Node that is supported has.
    const said = output(bin('attw'), [tarball, '--profile', 'esm-only', '--format', 'ascii', '--no-emoji'], folder)
    // What is wrong for ES modules makes it end with 1.
    expect(said.match(/node16 \(from ESM\): OK/g)).toHaveLength(Object.keys(manifest.exports).length)
    expect(said.match(/bundler: OK/g)).toHaveLength(Object.keys(manifest.exports).length)
  })

  test('holds what is needed and nothing else', () => {
    const files = output('tar', ['-tzf', tarball], folder)
      .trim()
      .split('\n')
      .map((f) => f.replace(/^package\//, ''))
    const known =
      /^(package\.json|README\.md|CHANGELOG\.md|LICENSE|dist\/(src|grammar)\/.*|dist\/bundle\/[\w-]+\.(js|txt))$/
    expect(files.filter((f) => !known.test(f))).toEqual([])
    expect(
      files.filter((f) =>
        /(^|\/)(test|bench|examples|conformance|\.ci)\//.test(f.replace(/^dist\/src\/testing\//, '')),
      ),
    ).toEqual([])
    const entries = Object.values(manifest.exports).flatMap((e) => (typeof e === 'string' ? [e] : [e.types, e.default]))
    for (const path of [...entries, ...Object.values(manifest.bin)]) expect(files).toContain(path.replace(/^\.\//, ''))
  })

  test('runs with nothing but its dependencies', () => {
    const script = `import { millrace, Trigger } from 'millrace'
      import { MemoryStream } from 'millrace/testing'
      const session = millrace()
      const rows = await session.sql('SELECT id * 2 AS n FROM range(3)').collect()
      console.log(JSON.stringify(rows), typeof Trigger, typeof MemoryStream)`
    writeFileSync(join(project, 'use.mjs'), script)
    expect(output(process.execPath, ['use.mjs'], project)).toContain('[{"n":0},{"n":2},{"n":4}] ')
    const command = join(project, 'node_modules/millrace', manifest.bin['millrace']!)
    expect(readFileSync(command, 'utf8').startsWith('#!/usr/bin/env node\n')).toBe(true)
    expect(output(process.execPath, [command, 'sql', '--json', '-e', 'SELECT 1 AS a'], project)).toBe('{"a":1}\n')
  })

  test('says what is missing where apache-arrow is not installed', () => {
    const script = `import { millrace } from 'millrace'
      const session = millrace()
      for (const run of [
        () => session.range(1).toArrow(),
        async () => session.fromArrow(new Uint8Array(8)),
        () => session.range(1).write.format('arrow').save('out'),
        () => session.read.schema('a INT').format('arrow').load('use-arrow.mjs').collect(),
      ])
        await run().then(() => console.log('no error'), (e) => console.log(e.code, e.hint))`
    writeFileSync(join(project, 'use-arrow.mjs'), script)
    expect(output(process.execPath, ['use-arrow.mjs'], project)).toBe(
      'ARROW_LIBRARY_NOT_FOUND npm install apache-arrow@21\n'.repeat(4),
    )
  })

  test('says what is missing where pg is not installed', () => {
    const script = `import { millrace, postgresPool } from 'millrace'
      const session = millrace()
      for (const run of [
        async () => session.read.format('postgres').option('table', 't').load(),
        () => session.range(1).write.format('postgres').option('table', 't').save(),
        () => postgresPool('postgres://localhost/x').query('SELECT 1'),
      ])
        await run().then(() => console.log('no error'), (e) => console.log(e.code, e.hint))`
    writeFileSync(join(project, 'use-pg.mjs'), script)
    expect(output(process.execPath, ['use-pg.mjs'], project)).toBe(
      'POSTGRES_LIBRARY_NOT_FOUND npm install pg\n'.repeat(3),
    )
  })

  test('type-checks in a strict project', () => {
    const source = `import { millrace, type Row, Trigger } from 'millrace'
      const session = millrace({ 'spark.sql.session.timeZone': 'UTC' })
      const rows: readonly object[] = await session.sql('SELECT 1 AS a').collect()
      const trigger = Trigger.AvailableNow()
      export const all: [readonly object[], typeof trigger, Row | undefined] = [rows, trigger, undefined]
      export const count: number = (await session.range(3).toArrow()).numRows\n`
    writeFileSync(join(project, 'use.mts'), source)
    const options = {
      target: 'es2022',
      lib: ['es2023', 'esnext.disposable'],
      module: 'nodenext',
      strict: true,
      noEmit: true,
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
      skipLibCheck: false,
    }
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['use.mts'] }))
    expect(output(bin('tsc'), ['-p', 'tsconfig.json'], project)).toBe('')
  })

  test('the bundle comes with the licences of what is in it', () => {
    const text = readFileSync(join(folder, 'dist/bundle/THIRD-PARTY.txt'), 'utf8')
    for (const name of ['chevrotain', 'commander', 'lodash-es', 'luxon'])
      expect(text).toMatch(new RegExp(`^${name} \\d`, 'm'))
    expect(text).not.toMatch(/^\S+ \S+ \(undefined\)/m)
    expect(existsSync(join(folder, 'dist/bundle/millrace.js'))).toBe(true)
  })
})
