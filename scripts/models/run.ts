/**
 * `npm run models -- [WORD...] [--again]`: real models, quantized by lowbit and by onnxruntime.quantization with the same calibration data, for docs/models.md.
 *
 * A word is a part of a model's name (silero, detector), a config (w8a8, w8, w4-block) or a side (lowbit, onnxruntime); only what they name is measured, and
 * what is in docs/models.json already is left out unless `--again` is given. The page is written in any case. `--setup` makes the Python environment that
 * onnxruntime's side and two of the models come from.
 */
import { basicPitch } from './basic-pitch.ts'
import { findPython, setUpPython } from './environment.ts'
import { ModelFigures } from './figures.ts'
import { magika } from './magika.ts'
import { CONFIGS, SIDES, Workbench } from './measure.ts'
import { writeModelsPage } from './models-page.ts'
import { ocrClassifier } from './ocr-classifier.ts'
import { ocrDetector } from './ocr-detector.ts'
import { ocrRecogniser } from './ocr-recogniser.ts'
import { efficientNet } from './pictures.ts'
import type { Recipe } from './recipe.ts'
import { silero } from './silero.ts'

const RECIPES: readonly Recipe[] = [
  ocrDetector,
  ocrRecogniser,
  ocrClassifier,
  silero,
  magika,
  basicPitch,
  efficientNet,
]
const words = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const again = process.argv.includes('--again')

/** Whether a name is asked for: it is, or nothing of its kind is. */
function isWanted(name: string, group: readonly string[]): boolean {
  const asked = words.filter((word) => group.some((other) => matches(other, word)))
  return asked.length === 0 || asked.some((word) => matches(name, word))
}

function matches(name: string, word: string): boolean {
  return (
    name === word ||
    (!CONFIGS.some((config) => config === word) && name.toLowerCase().includes(word.toLowerCase()))
  )
}

if (process.argv.includes('--setup')) await setUpPython()
const python = await findPython()
if (python === undefined)
  console.log(
    'No Python environment: onnxruntime.quantization and the models of Python packages are left out (npm run models -- --setup)',
  )
const figures = new ModelFigures()
const names = RECIPES.map(({ name }) => name)
for (const recipe of RECIPES.filter(({ name }) => isWanted(name, names))) {
  const wanted = CONFIGS.filter((config) => isWanted(config, CONFIGS)).flatMap((config) =>
    SIDES.filter((side) => isWanted(side, SIDES) && (side === 'lowbit' || python !== undefined)).map(
      (side) => ({ config, side }),
    ),
  )
  const missing = wanted.filter(
    ({ config, side }) => again || figures.quantized(recipe.name, config, side) === undefined,
  )
  if (missing.length === 0) continue
  try {
    const bench = await Workbench.open(recipe, python)
    const float = await bench.measureFloat()
    figures.setFloat(recipe.name, { ...float, taskName: recipe.task.name, about: recipe.about })
    console.log(`${recipe.name}: float, ${recipe.task.name} ${(100 * float.task).toFixed(2)}%`)
    for (const { config, side } of missing) {
      const measured = await bench
        .measure(config, side, python)
        .catch((error) => String(error.stderr ?? error.message))
      if (typeof measured === 'string') {
        console.log(
          `${recipe.name} ${config} ${side}: failed: ${measured.trim().split('\n').slice(-3).join(' | ')}`,
        )
        continue
      }
      figures.setQuantized(recipe.name, config, side, measured)
      const { bytes, task, plain, fused } = measured
      console.log(
        `${recipe.name} ${config} ${side}: ${bytes} bytes, ${plain.sqnrDb.toFixed(1)} dB (fused ${fused.sqnrDb.toFixed(1)}), ${(100 * task).toFixed(2)}%`,
      )
    }
  } catch (error) {
    console.log(`${recipe.name}: ${error instanceof Error ? error.message : error}`)
  }
}
writeModelsPage(figures)
