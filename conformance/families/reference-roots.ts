/**
 * The square roots of the recordings. The machine that made them takes a root from its processor's approximation of 1 / sqrt(x), 12 bits of it, and
 * refines that once in float32, which is one unit in the last place off for one value in six.
 */

/** By how much the approximation falls at each eighth bit of the mantissa, one digit in base 36 for each, for even and for odd exponents. */
const FALLS = [
  'ggfggffgffffffeffefeeeeeeeeededededddddddcddcdcdcdcccccccbccbcbdbbcbbbbbbbbbbabbabababaaabaaaaaaaaaa9aa9a9a9a99a99a99999999989989989898989889889888888888888788887887878787877877778777777777778776777767767767676767676676676676666667666666666666656666566656',
  'bbcbabbbbabbababaabaaaaa9aaa9a9aa99a999999999999899898988988988888888888878878787878778777877777777777767776776767676766766766676666666666666656665666565665656556565565565555655555555555555556455555455545545545455454545454454544544544454445444444544444444',
] as const
/** The first approximations, in 8192ths. */
const FIRST = [8191, 5792] as const
/** By how much it falls within such a stretch, for sixteen stretches together: a digit for each of the last four bits that count. */
const SLOPES = [
  '01234567789abcde01233456789aabcd012234566789abbc0122344567789aab001223455677899a011233455667889a0012233445667889001122344556678801122334455667780011223344556677001122333445566701122233445566670011122333445566001122233444555600111223334455560001112233344455',
  '011233455677899a001223345567789900122334456677880012233445566778001122334455667701112233445566670011222334455566001122233444556600011222333445550011122233344455001112223334445501112223334444550001112222333444000111222233344400111122223333440011112222333344',
] as const

const BASE = 36
/** Bits below those that the approximation looks at. */
const IGNORED_BITS = 11
const APPROXIMATIONS = FIRST.map((first, odd) =>
  approximationsFrom(first, FALLS[odd] ?? '', SLOPES[odd] ?? ''),
)

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/** The root of a positive, normal float32 number as the recordings have it. */
export function referenceRoot(x: number): number {
  const { fround } = Math
  const inverse = approximateInverseRoot(x)
  const root = fround(x * inverse)
  const half = fround(inverse * 0.5)
  const error = fround(0.5 - fround(root * half))
  const better = fround(fround(root * error) + root)
  const betterHalf = fround(fround(half * error) + half)
  return fround(fround(fround(x - fround(better * better)) * betterHalf) + better)
}

/**
 * The variance next to a given one whose sum with eps has a correctly rounded root equal to the root that the recordings have for the given one.
 * @throws RangeError when there is none near
 */
export function varianceWithReferenceRoot(variance: number, eps: number): number {
  const rootOf = (value: number) => Math.fround(Math.sqrt(Math.fround(value + Math.fround(eps))))
  const wanted = referenceRoot(Math.fround(variance + Math.fround(eps)))
  for (const ulps of [0, 1, -1, 2, -2, 3, -3, 4, -4]) {
    const candidate = moved(variance, ulps)
    if (rootOf(candidate) === wanted) return candidate
  }
  throw new RangeError(
    `Cannot find a variance: expected one near ${variance} with the root ${wanted}, got ${rootOf(variance)}`,
  )
}

function approximateInverseRoot(x: number): number {
  float[0] = x
  const pattern = bits[0] ?? 0
  const exponent = (pattern >>> 23) - 127
  const odd = exponent & 1
  const index = (pattern >>> IGNORED_BITS) & 0xfff
  return ((APPROXIMATIONS[odd]?.[index] ?? Number.NaN) / 8192) * 2 ** (-(exponent - odd) / 2)
}

function approximationsFrom(first: number, falls: string, slopes: string): number[] {
  const starts = [first]
  for (const fall of falls) starts.push((starts.at(-1) ?? first) - Number.parseInt(fall, BASE))
  return starts.flatMap((start, i) => {
    const stretch = slopes.slice((i >> 4) * 16, ((i >> 4) + 1) * 16)
    return Array.from(stretch, (fall) => start - Number.parseInt(fall, BASE))
  })
}

/** The float32 number that many steps up or down. */
function moved(value: number, ulps: number): number {
  float[0] = value
  bits[0] = (bits[0] ?? 0) + ulps
  return float[0] ?? value
}
