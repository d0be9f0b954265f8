/** For each layer, the other layers that it may import. */
export type LayerTable = Readonly<Record<string, readonly string[]>>

/**
 * The layers of src/, and for each the layers that it may import: the one place where this is written down for machines
 * (ARCHITECTURE.md says it for people). A layer may always import itself.
 */
export const LAYERS: LayerTable = {
  tensor: [],
  codec: ['tensor'],
  ir: ['tensor'],
  ops: ['tensor', 'ir'],
  autograd: ['tensor', 'ir', 'ops'],
  lowering: ['tensor', 'codec', 'ir', 'ops'],
  engine: ['tensor', 'codec', 'ir', 'ops', 'autograd', 'lowering'],
  nn: ['tensor', 'codec', 'ir', 'ops', 'autograd', 'lowering', 'engine'],
  quantization: ['tensor', 'codec', 'ir', 'ops', 'autograd', 'lowering', 'engine', 'nn'],
  formats: ['tensor', 'codec', 'ir', 'ops', 'autograd', 'lowering', 'engine', 'nn', 'quantization'],
  cli: ['tensor', 'codec', 'ir', 'ops', 'autograd', 'lowering', 'engine', 'nn', 'quantization', 'formats'],
}

/** The file that may import every layer, and that no layer may import. */
export const FRONT_DOOR = 'index.ts'
