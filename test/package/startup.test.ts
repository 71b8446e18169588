import { describe, expect, test } from 'vitest'
import { measureStartup } from '../../bench/startup.ts'
import { bundleFolder } from '../shell/bundled.ts'
import { output } from './packed.ts'

describe('start-up', () => {
  test('costs a few times what Node alone does; the figures by the clock are printed', () => {
    const figures = measureStartup(bundleFolder(), 10)
    for (const { name, medianMs, leastMs, cpuMs } of figures)
      console.log(`${name}: median ${medianMs} ms, least ${leastMs} ms, processor ${cpuMs} ms (10 runs)`)
    // Processor times of one run, one after the other, so that a busy machine makes all of them longer. On an idle one they are
    // 5 and 3; a library that is loaded where it is not needed shows.
    const cpu = (name: string): number => figures.find((f) => f.name === name)!.cpuMs
    expect(cpu("millrace sql -e 'select 1'") / cpu('node alone')).toBeLessThan(8)
    expect(cpu("import 'millrace'") / cpu('node alone')).toBeLessThan(5)
  })

  test('importing millrace loads no native library', () => {
    const loaded = output(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `await import('file://${bundleFolder()}/index.js'); const { default: m } = await import('node:module'); console.log(Object.keys(m._cache).join('\\n'))`,
      ],
      bundleFolder(),
    )
    expect(loaded.trim()).toBe('')
  })
})
