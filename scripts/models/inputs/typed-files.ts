import { open, readdir } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** Types by the endings that mean them and nothing else. */
const TYPES: Readonly<Record<string, string>> = {
  '.ts': 'typescript',
  '.js': 'javascript',
  '.json': 'json',
  '.md': 'markdown',
  '.css': 'css',
  '.html': 'html',
  '.yml': 'yaml',
  '.yaml': 'yaml',
  '.toml': 'toml',
  '.py': 'python',
  '.pyc': 'pythonbytecode',
  '.sh': 'shell',
  '.c': 'c',
  '.h': 'c',
  '.cpp': 'cpp',
  '.svg': 'svg',
  '.xml': 'xml',
  '.csv': 'csv',
  '.rst': 'rst',
  '.ini': 'ini',
  '.png': 'png',
  '.gif': 'gif',
  '.jpg': 'jpeg',
  '.tif': 'tiff',
  '.wasm': 'wasm',
  '.gz': 'gzip',
  '.zip': 'zip',
  '.npz': 'npz',
  '.npy': 'npy',
  '.ttf': 'ttf',
  '.woff2': 'woff2',
  '.onnx': 'onnx',
  '.so': 'elf',
  '.node': 'elf',
  '.wav': 'wav',
  '.po': 'po',
  '.tcl': 'tcl',
  '.whl': 'zip',
  '.exe': 'pebin',
}

/** A file whose type is known by its name. */
export interface TypedFile {
  readonly path: string
  readonly type: string
}

/** Files of a type at most, and bytes that a file has at least. */
const MOST_OF_A_TYPE = 16
const LEAST_BYTES = 64

/**
 * Real files of many types, up to 16 of each: from this project, its packages and the Python environment, evenly spread over all that there are. A `.so`
 * and a `.node` that are not programs of Linux are left out.
 */
export async function typedFiles(python: string | undefined): Promise<readonly TypedFile[]> {
  const roots = [
    ...['src', 'test', 'docs', 'data', 'scripts', 'node_modules'].map((name) => join(ROOT, name)),
    ...(python === undefined ? [] : [join(dirname(python), '..', 'lib')]),
  ]
  const found = new Map<string, string[]>()
  for (const root of roots) {
    const names = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])
    for (const entry of names) {
      const type = TYPES[extname(entry.name).toLowerCase()]
      if (type === undefined || !entry.isFile()) continue
      const paths = found.get(type) ?? []
      found.set(type, paths)
      paths.push(join(entry.parentPath, entry.name))
    }
  }
  const chosen: TypedFile[] = []
  for (const [type, paths] of [...found].sort(([a], [b]) => (a < b ? -1 : 1)))
    chosen.push(...(await spread(paths.sort(), type)))
  return chosen
}

async function spread(paths: readonly string[], type: string): Promise<TypedFile[]> {
  const files: TypedFile[] = []
  const step = Math.max(1, paths.length / (2 * MOST_OF_A_TYPE))
  for (let at = 0; at < paths.length && files.length < MOST_OF_A_TYPE; at += step) {
    const path = paths[Math.floor(at)] ?? ''
    const { size, start } = await readEnds(path)
    const isElf = start.subarray(1, 4).toString('latin1') === 'ELF'
    if (size >= LEAST_BYTES && (type !== 'elf' || isElf)) files.push({ path, type })
  }
  return files
}

/** The first and the last block of a file. */
export async function readEnds(
  path: string,
  blockSize: number = 4096,
): Promise<{ readonly size: number; readonly start: Buffer; readonly end: Buffer }> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const length = Math.min(size, blockSize)
    const start = Buffer.alloc(length)
    const end = Buffer.alloc(length)
    await file.read(start, 0, length, 0)
    await file.read(end, 0, length, size - length)
    return { size, start, end }
  } finally {
    await file.close()
  }
}
