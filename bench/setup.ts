/** `npm run bench:setup`: makes the Python environment of the rivals in .bench/venv, which takes minutes. */
import { makeEnvironment } from '../scripts/virtual-environment.ts'
import { ENVIRONMENT, packages } from './environment.ts'

await makeEnvironment(ENVIRONMENT, packages)
console.log('The rivals are ready: npm run bench')
