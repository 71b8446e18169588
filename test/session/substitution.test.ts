import { expect, test } from 'vitest'
import { substituteVariables } from '../../src/session/substitution.ts'
import { kit } from './kit.ts'

const settings = new Map([
  ['a', '1'],
  ['b', '${a}2'],
  ['loop', '${loop}'],
])
const replaced = (text: string) => substituteVariables(text, (key) => settings.get(key))

test.each([
  ['SELECT ${a}', 'SELECT 1'],
  ["'${b}' ${spark:a} ${hiveconf:a} ${hivevar:a} ${sparkconf:a}", "'12' 1 1 1 1"],
  ["'${nope}' ${env:HOME} ${system:user} ${x:y}", "'' ${env:HOME} ${system:user} ${x:y}"],
  ["'$a ${a b} ${' $${a}", "'$a ${a b} ${' $1"],
])('%s', (text, result) => expect(replaced(text)).toBe(result))

test('a value that names itself ends', () => expect(replaced('${loop}')).toBe('${loop}'))

test('statements of a session are replaced in, unless a setting says not to', async () => {
  const { rows, run } = kit()
  await run('SET threshold = 5')
  expect(await rows("SELECT ${threshold} + 1 AS a, '${threshold}' AS b")).toEqual([[6, '5']])
  await run('SET spark.sql.variable.substitute = false')
  expect(await rows("SELECT '${threshold}'")).toEqual([['${threshold}']])
})
