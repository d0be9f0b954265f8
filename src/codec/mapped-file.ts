/** What is needed of the package koffi, which calls functions of the system. */
interface Koffi {
  load(path: string | null): { func(definition: string): (...args: readonly unknown[]) => unknown }
  address(pointer: unknown): bigint
  view(pointer: unknown, length: number): ArrayBuffer
}

/** Pages are read from the file when they are touched; writing changes a copy of the page, never the file. */
const PROT_READ_WRITE = 1 | 2
const MAP_PRIVATE = 2
const MAP_FAILED = 2n ** 64n - 1n

/** Functions of the system. */
interface Mapper {
  map(descriptor: number, length: number): ArrayBuffer | undefined
}

let found: Promise<Mapper | undefined> | undefined

/**
 * Maps a file into memory: its bytes are there without being read, and the system may drop those that nobody uses. The mapping lasts as long as the
 * result and all views of its buffer; the file has to stay what it is until then.
 *
 * @returns undefined where files cannot be mapped: the optional package koffi (2.11 or later) is not installed, or the system is none of the Unix family
 * @throws the error of the system when the file cannot be opened
 */
export async function mapFile(path: string): Promise<Uint8Array | undefined> {
  found ??= findMapper()
  const mapper = await found
  if (mapper === undefined) return undefined
  const { open } = await import('node:fs/promises')
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    // The system maps nothing of an empty file, and a mapping outlives the descriptor.
    const buffer = size === 0 ? undefined : mapper.map(file.fd, size)
    return buffer && new Uint8Array(buffer)
  } finally {
    await file.close()
  }
}

async function findMapper(): Promise<Mapper | undefined> {
  if (process.platform === 'win32') return undefined
  // A name that bundlers do not follow: the package is optional.
  const name: string = 'koffi'
  const imported: unknown = await import(/* @vite-ignore */ name).catch(() => undefined)
  const koffi: unknown = Reflect.get(Object(imported), 'default') ?? imported
  return isKoffi(koffi) ? makeMapper(koffi) : undefined
}

function isKoffi(module: unknown): module is Koffi {
  return ['load', 'address', 'view'].every((name) => typeof Reflect.get(Object(module), name) === 'function')
}

function makeMapper(koffi: Koffi): Mapper {
  const system = koffi.load(null)
  const mmap = system.func(
    'void *mmap(void *address, size_t length, int protection, int flags, int descriptor, int64_t offset)',
  )
  const munmap = system.func('int munmap(void *address, size_t length)')
  const dropped = new FinalizationRegistry(
    ({ pointer, length }: { readonly pointer: unknown; readonly length: number }) => munmap(pointer, length),
  )
  return {
    map(descriptor, length) {
      const pointer = mmap(null, length, PROT_READ_WRITE, MAP_PRIVATE, descriptor, 0)
      if (pointer === null || BigInt.asUintN(64, koffi.address(pointer)) === MAP_FAILED) return undefined
      const buffer = koffi.view(pointer, length)
      dropped.register(buffer, { pointer, length })
      return buffer
    },
  }
}
