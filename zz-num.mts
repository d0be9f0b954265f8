import './test/setup.ts'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { readSafetensors } from './src/codec/safetensors.ts'
import { noGrad, recorder } from './src/engine/recorder.ts'
import { fromHost, type Tensor } from './src/engine/tensor.ts'
import { Node } from './src/ir/node.ts'
import { getMember, setMember } from './src/nn/container.ts'
import { GraphModule } from './src/nn/graph-module.ts'
import { Buffer, Parameter } from './src/nn/parameter.ts'
import { QuantizerConfig } from './src/quantization/config/quantizer-config.ts'
import { FakeQuantize } from './src/quantization/fake-quantize/fake-quantize.ts'
import { Quantizer } from './src/quantization/quantizer.ts'
import { toFloat32 } from './src/tensor/to-float32.ts'
import { toTypedArray } from './src/tensor/to-typed-array.ts'
import { readFixtureGraph } from './test/fixture-graph.ts'

const root = '/work/shared/fixtures/graph/'
const only = process.argv[2]
const load = (p: string) => readSafetensors(new Uint8Array(readFileSync(p)))
const num = (a: any) => Array.from(a.dtype.startsWith('float') ? toFloat32(a) : toTypedArray(a), Number)
const snr = (x: number[], y: number[]) => {
  let s = 0,
    n = 0
  for (let i = 0; i < y.length; i++) {
    s += y[i]! ** 2
    n += (x[i]! - y[i]!) ** 2
  }
  return n === 0 ? Infinity : 10 * Math.log10(s / n)
}
let cases = 0,
  bad = 0
for (const model of readdirSync(root)) {
  if (only && !new RegExp(`^(${only})$`).test(model)) continue
  const dir = `${root}${model}/`
  if (!existsSync(dir + 'exported.json')) continue
  const weights = load(dir + 'weights.safetensors'),
    inputs = load(dir + 'inputs.safetensors')
  const args = (prefix: string) => {
    const out: Tensor[] = []
    for (let i = 0; ; i++) {
      const t = inputs.get(`${prefix}.${i}`)
      if (!t) return out
      out.push(fromHost(t))
    }
  }
  for (const config of readdirSync(dir + 'configs')) {
    const at = `${dir}configs/${config}/`
    if (!existsSync(at + 'calibrated.safetensors')) continue
    const caseAt = dir + 'case.json'
    const contract = existsSync(caseAt) && JSON.parse(readFileSync(caseAt, 'utf8')).calibration === 'contract'
    const exported = JSON.parse(
      readFileSync(existsSync(at + 'exported.json') ? at + 'exported.json' : dir + 'exported.json', 'utf8'),
    )
    const golden = load(at + 'calibrated.safetensors')
    cases++
    const notes: string[] = []
    try {
      const { graph, layout } = readFixtureGraph(exported)
      for (const n of graph.nodes) {
        if (n.op.name === 'aten.batch_norm')
          Object.assign(n, { attrs: { ...n.attrs, eps: 1e-5, momentum: 0.1 } })
        if (n.op.name === 'aten.dropout') Object.assign(n, { attrs: { ...n.attrs, p: 0.5 } })
      }
      const gm = new GraphModule(graph, graph.outputs.length === 1 ? 0 : graph.outputs.map((_, i) => i), {
        layout,
      })
      const tied = new Map<string, Parameter>()
      for (const { name, kind, value } of graph.inputs) {
        if (kind !== 'state') continue
        const group = exported.tied_states.find((g: string[]) => g.includes(name))
        const key = group ? group[0] : name
        const array =
          weights.get(name) ?? weights.get(key) ?? group?.map((g: string) => weights.get(g)).find(Boolean)
        if (!array) throw new Error('no state ' + name)
        const t =
          tied.get(key) ??
          (value.dtype.startsWith('float') ? new Parameter(array) : (new Buffer(array) as any))
        tied.set(key, t)
        setMember(gm, name, t)
      }
      gm.eval()
      const quantizer = new Quantizer(
        gm,
        QuantizerConfig.fromDict(JSON.parse(readFileSync(at + 'config.json', 'utf8'))),
        { logger: { warn: () => {} } },
      )
      const p = (await quantizer.prepare(args('example.0'))) as GraphModule
      p.eval()
      const states = async (stage: string) => {
        for (const [key, want] of golden) {
          if (!key.startsWith(stage + '.')) continue
          const [, fq, field] = key.split('.') as [string, string, string]
          const m = getMember(p, fq)
          if (!(m instanceof FakeQuantize)) {
            notes.push(`${key}: no fq`)
            continue
          }
          const got = getMember(m.qparams_calculator, field)
          if (!got || !('array' in got)) {
            notes.push(`${key}: no field`)
            continue
          }
          const a = num(await (got as any).array()),
            b = num(want)
          if (a.length !== b.length) {
            notes.push(`${key}: length ${a.length} for ${b.length}`)
            continue
          }
          let worst = 0
          for (let i = 0; i < b.length; i++) {
            const d = Math.abs(a[i]! - b[i]!)
            worst = Math.max(
              worst,
              field === 'zero_point' ? (d > 1 ? d : 0) : d / Math.max(Math.abs(b[i]!), 1e-6),
            )
          }
          if (worst > (field === 'zero_point' ? 1 : 1e-5)) notes.push(`${key}: off by ${worst}`)
        }
      }
      const outputs = async (stage: string) => {
        for (const batch of ['0', '1', '2']) {
          const x = args(`eval.${batch}`)
          if (x.length === 0 || ![...golden.keys()].some((k) => k.startsWith(`out.${stage}.${batch}.`)))
            continue
          const y = [noGrad(() => p(...x))].flat(5) as Tensor[]
          for (const [i, t] of y.entries()) {
            const want = golden.get(`out.${stage}.${batch}.${i}`)
            if (!want) {
              notes.push(`no out.${stage}.${batch}.${i}`)
              continue
            }
            const s = snr(num(await t.array()), num(want))
            if (!(s >= (model.includes('net') || model.includes('tiny') ? 30 : 40)))
              notes.push(`out.${stage}.${batch}.${i}: ${s.toFixed(1)} dB`)
          }
        }
      }
      await states('after_prepare')
      await outputs('prepared')
      const batches = [0, 1, 2].map((i) => args(`calib.${i}`)).filter((b) => b.length)
      await quantizer.calibrate(batches, { fakeQuantWeights: !contract })
      await states('after_calib')
      await outputs('calibrated')
    } catch (error) {
      notes.push(String(error instanceof Error ? error.stack : error).slice(0, 400))
    }
    if (notes.length) {
      bad++
      console.log(`${model}/${config}: ${notes.length}`, notes.slice(0, 3).join(' | '))
    }
  }
}
console.log('cases', cases, 'bad', bad)
await recorder.device.close()
