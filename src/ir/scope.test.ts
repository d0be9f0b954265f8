import { expect, test } from 'vitest'
import { currentScope, type Scope, withScope } from './scope.ts'

const scope = (path: string): Scope => ({ path, className: 'Linear', parent: undefined })

test('withScope() holds while the body runs, nested scopes included', () => {
  const paths = withScope(scope('a'), () => [
    currentScope()?.path,
    withScope(scope('a.b'), () => currentScope()?.path),
    currentScope()?.path,
  ])
  expect(paths).toEqual(['a', 'a.b', 'a'])
  expect(currentScope()).toBeUndefined()
})

test('withScope() restores the outer scope when the body throws', () => {
  const fail = () =>
    withScope(scope('a'), () => {
      throw new RangeError('no')
    })
  expect(fail).toThrow('no')
  expect(currentScope()).toBeUndefined()
})
