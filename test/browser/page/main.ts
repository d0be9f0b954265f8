import { runDigits } from '../run-digits.ts'

// Leaves the promise of the run where the test finds it.
Object.assign(window, { result: run() })

async function run(): Promise<unknown> {
  const weights = await read('weights.safetensors')
  const images = await read('images.bin')
  const labels = await read('labels.bin')
  return runDigits(new Uint8Array(weights), new Float32Array(images), new BigInt64Array(labels))
}

async function read(name: string): Promise<ArrayBuffer> {
  const response = await fetch(name)
  return response.arrayBuffer()
}
