import { type AnyModule, Module } from './module.ts'
import { Buffer, Parameter } from './parameter.ts'

/** Holds state and modules under paths; cannot be called itself. */
export class Container extends Module<never, never> {
  forward(): never {
    throw new TypeError(
      'Cannot call a container: expected a module with a forward, got one that only holds others',
    )
  }
}

/** Sets a member by its dotted path, making containers on the way. */
export function setMember(root: AnyModule, path: string, member: Parameter | Buffer | AnyModule): void {
  const names = path.split('.')
  const last = names.pop() ?? path
  let owner = root
  for (const name of names) {
    let next = memberOf(owner, name)
    if (!(next instanceof Module)) {
      next = new Container()
      define(owner, name, next)
    }
    owner = next
  }
  define(owner, last, member)
}

/** The member at a dotted path, undefined where there is none; the module itself for ''. */
export function getMember(root: AnyModule, path: string): Parameter | Buffer | AnyModule | undefined {
  if (path === '') return root
  let found: Parameter | Buffer | AnyModule | undefined = root
  for (const name of path.split('.')) {
    if (!(found instanceof Module)) return undefined
    found = memberOf(found, name)
  }
  return found
}

function memberOf(owner: AnyModule, name: string): Parameter | Buffer | AnyModule | undefined {
  const own: unknown = Object.hasOwn(owner, name) ? Reflect.get(owner, name) : undefined
  if (own instanceof Parameter || own instanceof Buffer || own instanceof Module) return own
  if (owner.members === Module.prototype.members) return undefined
  for (const [key, member] of owner.members()) if (key === name) return member
  return undefined
}

/** Sets an own property whatever its name, `__proto__` included. */
function define(owner: AnyModule, name: string, value: unknown): void {
  Object.defineProperty(owner, name, { value, writable: true, enumerable: true, configurable: true })
}
