import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DataRequest } from './data-request.ts'
import type { InputSpec } from './model-inputs.ts'
import { openData } from './open-data.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lowbit-pictures-'))
})
afterAll(() => rm(folder, { recursive: true }))

const image = (shape: InputSpec['shape'], dtype: InputSpec['dtype'] = 'float32'): readonly InputSpec[] => [
  { name: 'image', dtype, shape },
]
const NCHW = image(['n', 3, 'height', 'width'])

/** Writes a PNG of one colour, or of given pixels, and gives its path. */
async function picture(
  path: string,
  [width, height]: readonly [number, number],
  pixels: readonly number[] = [255, 0, 51],
): Promise<string> {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => pixels[i % pixels.length] ?? 0)
  const target = join(folder, path)
  await mkdir(join(target, '..'), { recursive: true })
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(target)
  return target
}

async function file(name: string, content: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

async function open(inputs: readonly InputSpec[], request: DataRequest) {
  const warnings: string[] = []
  const set = await openData(inputs, request, { warn: (message) => warnings.push(message) })
  const [first] = set?.batches ?? []
  const numbers = Array.from((await first?.[0]?.data()) ?? [], Number)
  return { set, shapes: set?.batches.map(([x]) => `${x?.dtype} [${x?.shape}]`), numbers, warnings }
}

describe('openData() with pictures', () => {
  it('puts channels in front, scales levels to 0..1, and warns that nothing says so', async () => {
    const path = await picture('red.png', [2, 1])
    const { shapes, numbers, warnings } = await open(NCHW, { data: [path] })
    expect(shapes).toEqual(['float32 [1,3,1,2]'])
    expect(numbers).toEqual([1, 1, 0, 0, 0.2, 0.2].map(Math.fround))
    expect(warnings).toEqual([
      'nothing says how "image" takes pictures: sizes of their own, rgb, nchw, scale 1/255, mean 0, std 1 is assumed; ' +
        '--preprocessor, --mean, --std and --scale say it',
    ])
  })

  it('follows the options: order of colours and channels, scale, mean and deviation', async () => {
    const path = await picture('blue.png', [1, 1])
    const { shapes, numbers, warnings } = await open(image(['n', 'h', 'w', 3]), {
      data: [path],
      colors: 'bgr',
      scale: '2',
      mean: '2,0,10',
      std: '10',
    })
    expect(shapes).toEqual(['float32 [1,1,1,3]'])
    expect(numbers).toEqual([10, 0, 50])
    expect(warnings).toEqual([])
  })

  it('makes grey levels for one channel, and bytes for uint8', async () => {
    const path = await picture('grey.png', [1, 1])
    expect((await open(image(['n', 1, 'h', 'w'], 'uint8'), { data: [path] })).numbers).toEqual([82])
  })

  it('resizes to the size that the model has', async () => {
    const path = await picture('sized.png', [6, 2])
    const { shapes } = await open(image(['n', 3, 4, 5]), { data: [path] })
    expect(shapes).toEqual(['float32 [1,3,4,5]'])
  })

  it.each([
    ['4', 'float32 [1,3,4,12]'],
    ['4x*', 'float32 [1,3,4,12]'],
    ['*x3', 'float32 [1,3,1,3]'],
    ['5x7', 'float32 [1,3,5,7]'],
  ])('resizes by --resize %s', async (resize, shape) => {
    const path = await picture('wide.png', [6, 2])
    expect((await open(NCHW, { data: [path], resize })).shapes).toEqual([shape])
  })

  it('rounds sides to multiples, and cuts out the middle', async () => {
    const path = await picture('divided.png', [50, 34])
    expect((await open(NCHW, { data: [path], sizeDivisor: 32 })).shapes).toEqual(['float32 [1,3,32,64]'])
    const columns = await picture('columns.png', [3, 1], [0, 0, 0, 255, 255, 255, 51, 51, 51])
    const { numbers } = await open(NCHW, { data: [columns], crop: '1' })
    expect(numbers).toEqual([1, 1, 1])
  })

  it('takes pictures of a folder and of those below it together where their sizes are the same', async () => {
    for (const name of ['b', 'cats/a', 'c', 'd'])
      await picture(`set/${name}.png`, name === 'd' ? [3, 3] : [2, 2])
    const { set, shapes } = await open(NCHW, { data: [join(folder, 'set')], batchSize: 2 })
    expect(shapes).toEqual(['float32 [2,3,2,2]', 'float32 [1,3,2,2]', 'float32 [1,3,3,3]'])
    expect(set?.origin).toBe(
      `${join(folder, 'set')} (4 pictures: sizes of their own, rgb, nchw, scale 1/255, mean 0, std 1)`,
    )
  })

  it('takes some of many pictures, evenly spread', async () => {
    for (let i = 0; i < 9; i++) await picture(`many/${i}.png`, [1, 1], [10 * i, 0, 0])
    const { set } = await open(NCHW, { data: [join(folder, 'many')], samples: 3, batchSize: 1, scale: '1' })
    const levels = await Promise.all((set?.batches ?? []).map(async ([x]) => Number((await x?.data())?.[0])))
    expect(levels).toEqual([0, 30, 60])
    expect(set?.origin).toContain('3 of 9 pictures')
  })

  it('follows the preprocessor_config.json beside the model', async () => {
    const config = {
      do_resize: true,
      size: { shortest_edge: 4 },
      resample: 3,
      do_center_crop: true,
      crop_size: { height: 2, width: 3 },
      rescale_factor: 1 / 255,
      do_normalize: true,
      image_mean: [0.5, 0.5, 0.5],
      image_std: [0.5, 0.5, 0.5],
      do_pad: true,
    }
    await mkdir(join(folder, 'model/onnx'), { recursive: true })
    await file('model/preprocessor_config.json', JSON.stringify(config))
    const path = await picture('hub.png', [16, 8])
    const modelPath = join(folder, 'model/onnx/model.onnx')
    const { shapes, numbers, warnings } = await open(NCHW, { data: [path], modelPath })
    expect(shapes).toEqual(['float32 [1,3,2,3]'])
    expect([numbers[0], numbers[6], numbers[12]]).toEqual([1, -1, Math.fround(0.2 / 0.5 - 1)])
    expect(warnings).toEqual([
      `"${join(folder, 'model/preprocessor_config.json')}" asks for do_pad, which is left out`,
    ])
  })

  it('lets options win over a config', async () => {
    const config = await file(
      'vit.json',
      JSON.stringify({ size: 8, image_mean: [1, 1, 1], image_std: [1, 1, 1] }),
    )
    const path = await picture('vit.png', [3, 3], [255, 255, 255])
    const { shapes, numbers } = await open(NCHW, {
      data: [path],
      preprocessor: config,
      resize: '2x2',
      mean: '0.25',
    })
    expect(shapes).toEqual(['float32 [1,3,2,2]'])
    expect(numbers[0]).toBe(0.75)
  })

  it('crops a share of what it resized where the config says so', async () => {
    const config = await file('next.json', JSON.stringify({ size: { shortest_edge: 7 }, crop_pct: 0.875 }))
    const path = await picture('next.png', [16, 16])
    expect((await open(NCHW, { data: [path], preprocessor: config })).shapes).toEqual(['float32 [1,3,7,7]'])
  })

  it.each<[DataRequest, string]>([
    [
      { resize: 'large' },
      'Cannot use "--resize large": expected a side as 256, or sides as 224x224 or 48x*, got "large"',
    ],
    [{ crop: '0' }, 'Cannot use "--crop 0": expected a side as 224, or sides as 224x224, got "0"'],
    [{ scale: 'x' }, 'Cannot use "--scale x": expected a number as 0.00392 or 1/255, got "x"'],
    [{ mean: '1,2' }, 'Cannot use "--mean 1,2": expected 1 or 3 numbers parted by commas, got "1,2"'],
    [{ std: '0' }, 'Cannot use "--std": expected numbers other than 0, got 0'],
    [{ colors: 'cmyk' }, 'Cannot use "--colors cmyk": expected one of rgb, bgr, gray, got "cmyk"'],
    [{ layout: 'chw' }, 'Cannot use "--layout chw": expected one of nchw, nhwc, got "chw"'],
    [
      { resample: 'best' },
      'Cannot use "--resample best": expected one of nearest, linear, cubic, lanczos3, got "best"',
    ],
    [
      { colors: 'gray' },
      'Cannot make pictures for the input "image": expected 3 channels for float32 [n, 3, height, width] as nchw, got 1 of "gray"',
    ],
    [
      { crop: '5x5' },
      'Cannot cut 5x5 out of a picture: expected at least that size after resizing, got 2x2\nHint: --resize makes it larger first',
    ],
  ])('rejects %j', async (options, message) => {
    const path = await picture('small.png', [2, 2])
    await expect(open(NCHW, { data: [path], ...options })).rejects.toThrow(message)
  })

  it.each([
    ['[]', 'expected an object with sizes, mean and deviation, got a list'],
    ['{', 'expected JSON, got '],
    ['{"size": "big"}', 'expected a side, or an object with height and width, got "big" (size)'],
    ['{"image_mean": [1, 2]}', 'expected a number, or one for each of 3 channels, got [1,2] (image_mean)'],
    ['{"rescale_factor": "1/255"}', 'expected a number of at least 0, got "1/255" (rescale_factor)'],
    ['{"do_resize": 1}', 'expected true or false, got 1 (do_resize)'],
  ])('rejects the config %s', async (content, message) => {
    const config = await file('wrong.json', content)
    const path = await picture('small.png', [2, 2])
    await expect(open(NCHW, { data: [path], preprocessor: config })).rejects.toThrow(
      `Cannot read "${config}": ${message}`,
    )
  })

  it('names the input that takes no pictures, the file that is none, and a model of several inputs', async () => {
    const path = await picture('small.png', [2, 2])
    await expect(open(image(['n', 8]), { data: [path] })).rejects.toThrow(
      'Cannot make pictures for the input "image": expected one like float32 [n, 3, height, width] or [n, height, width, 3], got float32 [n, 8]',
    )
    const broken = await file('broken.png', 'no picture')
    await expect(open(NCHW, { data: [broken] })).rejects.toThrow(
      `Cannot read "${broken}": expected a picture, got `,
    )
    const two = [...NCHW, { name: 'mask', dtype: 'int64', shape: ['n', 'h'] } as const]
    await expect(open(two, { data: [path] })).rejects.toThrow(
      'Cannot make pictures for a model: expected one input, got 2: "image" float32 [n, 3, height, width], "mask" int64 [n, h]\n' +
        'Hint: a module that exports an async generator, or .npz files, bring any inputs',
    )
  })

  it('rejects a folder with files of several kinds', async () => {
    await picture('mixed/a.png', [1, 1])
    await file('mixed/b.txt', 'text')
    const path = join(folder, 'mixed')
    await expect(open(NCHW, { data: [path] })).rejects.toThrow(
      `Cannot use "${path}": expected files of one kind, got 1 of pictures and 1 of text\n` +
        'Hint: name the files, or keep each kind in a folder of its own',
    )
  })
})
