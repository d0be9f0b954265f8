import { recorder } from '../src/engine/recorder.ts'

recorder.configure({ execArgv: ['--import', new URL('./typescript-worker.mjs', import.meta.url).href] })
