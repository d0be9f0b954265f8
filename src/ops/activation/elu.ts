import type { Emitter } from '../../ir/emitter.ts'
import type { MilEmitter, MilValue } from '../../ir/mil-emitter.ts'
import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { floatingAt } from '../inference.ts'
import { type EluAttributes, eluBackward } from './elu-backward.ts'

/** The constants for which activations keep mean 0 and variance 1 (Klambauer et al. 2017, section 2). */
const SELU: EluAttributes = { alpha: 1.6732632423543772, scale: 1.0507009873554805, inputScale: 1 }

/** `scale * x` above 0, `scale * alpha * (exp(inputScale * x) - 1)` up to it. */
export const elu: Operation<EluAttributes> = defineOp({
  name: 'aten.elu',
  infer(inputs, attrs) {
    if (Object.values(attrs).some((factor) => !(factor > 0))) {
      throw new RangeError(
        `Cannot record "aten.elu": expected factors above 0, got alpha ${attrs.alpha}, scale ${attrs.scale} and inputScale ${attrs.inputScale}`,
      )
    }
    return [floatingAt('aten.elu', inputs, 0)]
  },
  gradient: ({ outputs: [y], gradients: [g], attrs }) => [g && y ? emit(eluBackward, [g, y], attrs) : null],
  lower: (e, { attrs }) => [lowerElu(e, e.inputs[0] ?? '', attrs)],
  mil: (e, { attrs }) => [milElu(e, attrs)],
})

/** `x` above 0, `alpha * (exp(x / alpha) - 1)` up to it: an elu whose slope has no jump. */
export const celu: Operation<{ readonly alpha: number }> = defineOp({
  name: 'aten.celu',
  infer(inputs, { alpha }) {
    if (!(alpha > 0)) throw new RangeError(`Cannot record "aten.celu": expected alpha above 0, got ${alpha}`)
    return [floatingAt('aten.celu', inputs, 0)]
  },
  gradient: ({ outputs: [y], gradients: [g], attrs: { alpha } }) => [
    g && y ? emit(eluBackward, [g, y], { alpha, scale: 1, inputScale: 1 / alpha }) : null,
  ],
  lower: (e, { attrs: { alpha } }) => [e.op('Celu', [e.inputs[0] ?? ''], { alpha: { float: alpha } })],
  mil: (e, { attrs: { alpha } }) => [milElu(e, { alpha, scale: 1, inputScale: 1 / alpha })],
})

/** The self-normalizing elu. */
export const selu: Operation<NoAttributes> = defineOp({
  name: 'aten.selu',
  infer: (inputs) => [floatingAt('aten.selu', inputs, 0)],
  gradient: ({ outputs: [y], gradients: [g] }) => [g && y ? emit(eluBackward, [g, y], SELU) : null],
  lower: (e) => [
    e.op('Selu', [e.inputs[0] ?? ''], { alpha: { float: SELU.alpha }, gamma: { float: SELU.scale } }),
  ],
  mil: (e) => [milElu(e, SELU)],
})

function lowerElu(e: Emitter, x: string, { alpha, scale, inputScale }: EluAttributes): string {
  const scaled = inputScale === 1 ? x : e.op('Mul', [x, e.scalar(inputScale)])
  const unit = e.op('Elu', [scaled], { alpha: { float: alpha * inputScale } })
  const factor = scale / inputScale
  return factor === 1 ? unit : e.op('Mul', [unit, e.scalar(factor)])
}

function milElu(e: MilEmitter, { alpha, scale, inputScale }: EluAttributes): MilValue {
  const x = e.input(0)
  const scaled = inputScale === 1 ? x : e.op('mul', { x, y: { float: inputScale } })
  const unit = e.op('elu', { x: scaled, alpha: { float: alpha * inputScale } })
  const factor = scale / inputScale
  return factor === 1 ? unit : e.op('mul', { x: unit, y: { float: factor } })
}
