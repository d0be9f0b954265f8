import { InvalidArgumentError } from 'commander'

/** How much worse a quantized model may score than the float one. */
export interface MaxDrop {
  readonly amount: number
  /** Whether the amount is a share of the float model's score; else it is in the score's own units. */
  readonly isShare: boolean
}

/** What a quantized model has to keep to. */
export interface Budget {
  readonly maxDrop: MaxDrop
  readonly maxSizeBytes: number | null
}

/** Bytes of a unit; without one a size is in bytes. */
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  mb: 1e6,
  m: 1e6,
  g: 1e9,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
}

/** Reads `1%` or `0.01`. @throws InvalidArgumentError for anything else */
export function readMaxDrop(text: string): MaxDrop {
  const [, number = '', percent] = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*(%?)\s*$/.exec(text) ?? []
  if (number === '')
    throw new InvalidArgumentError(
      'expected a share of the float score, such as 1%, or a number, such as 0.01',
    )
  return percent === '%'
    ? { amount: Number(number) / 100, isShare: true }
    : { amount: Number(number), isShare: false }
}

/** Reads `10MB`, `512 KiB` or a number of bytes. @throws InvalidArgumentError for anything else */
export function readSize(text: string): number {
  const [, number = '', unit = ''] = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*([a-z]*)\s*$/i.exec(text) ?? []
  const factor = UNITS[unit.toLowerCase()]
  const bytes = factor === undefined || number === '' ? 0 : Math.floor(Number(number) * factor)
  if (bytes > 0) return bytes
  throw new InvalidArgumentError('expected a size, such as 10MB or 512KiB')
}

/** How much worse a score is, in the units of the budget; below 0 where it is better. */
export function dropOf({ isShare }: MaxDrop, floatScore: number, score: number): number {
  const difference = floatScore - score
  if (!isShare || difference === 0) return difference
  return difference / Math.abs(floatScore)
}

/** A drop as a person reads it: three digits, whatever its size. */
export function formatDrop({ isShare }: MaxDrop, drop: number): string {
  const digits = (value: number) => String(Number(value.toPrecision(3)))
  return isShare ? `${digits(100 * drop)}%` : digits(drop)
}
