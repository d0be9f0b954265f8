import { register } from 'node:module'
import { main } from './main.ts'

register('./model-file-hooks.ts', import.meta.url)
process.exitCode = await main(process.argv.slice(2), console.log)
