import { describe, expect, test } from 'vitest'
import { measureStartup } from '../../bench/startup.ts'
import { bundleFolder } from '../shell/bundled.ts'
import { output } from './packed.ts'

describe('start-up', () => {
  test('takes at most 300 ms for millrace sql and 150 ms for import; the figures by the clock are printed', () => {
    const figures = measureStartup(bundleFolder(), 10)
    for (const { name, medianMs, leastMs, cpuMs } of figures)
      console.log(`${name}: median ${medianMs} ms, least ${leastMs} ms, processor ${cpuMs} ms (10 runs)`)
    // Held to processor time: it is more than an idle machine takes by the clock (compiling and collecting run beside), and
    // hardly depends on what else the machine does.
    const cpu = (name: string): number => figures.find((f) => f.name === name)!.cpuMs
    expect(cpu("millrace sql -e 'select 1'")).toBeLessThanOrEqual(300)
    expect(cpu("import 'millrace'") - cpu('node alone')).toBeLessThanOrEqual(150)
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
