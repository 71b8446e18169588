import { expect, test } from 'vitest'
import { identityText, tableIdentity } from '../../src/plan/source-identity.ts'

test('a login in a URL is neither part of the identity nor shown', () => {
  const of = (login: string) => tableIdentity('postgres', { url: `postgres://${login}@db:5432/shop`, table: 'orders' })
  expect(of('ann:old')).toEqual(of('bob:new'))
  expect(identityText(of('ann:old'))).not.toMatch(/ann|old/)
  expect(identityText(of('ann:old'))).toContain('db:5432/shop')
})

test('another table is another identity; what says how to read is none of it', () => {
  const identity = (options: Record<string, string>) => tableIdentity('json', options)
  expect(identity({ path: '/a', multiLine: 'true' })).toEqual(identity({ path: '/a' }))
  expect(identity({ path: '/a' })).not.toEqual(identity({ path: '/b' }))
})
