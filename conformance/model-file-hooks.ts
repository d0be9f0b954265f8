/**
 * Hooks of module resolution, for files of `--models` that lie anywhere: they find lowbit without having it installed, and are ECMAScript modules
 * without a package.json that says so. Node runs this file in a thread of its own.
 */
import type { ResolveHook } from 'node:module'

/** What tsx adds to the address of a file that it takes for CommonJS. */
const COMMONJS_MARK = /(\?|%3F)tsx-commonjs.*$/

/** Finds `lowbit` where this project's own files do, and takes every `.ts` file for a module: CommonJS would get another copy of lowbit. */
export const resolve: ResolveHook = async (specifier, context, next) => {
  const isLowbit = specifier === 'lowbit'
  const found = await next(specifier, isLowbit ? { ...context, parentURL: import.meta.url } : context)
  const url = found.url.replace(COMMONJS_MARK, '')
  return found.format === 'commonjs' && url.endsWith('.ts') ? { ...found, url, format: 'module' } : found
}
