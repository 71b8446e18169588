// `npm start`: install, build, and run the main job (examples/main-job).
import { build, install, run } from './steps.mjs'

install()
build()
process.exitCode = run('node', ['dist/examples/main-job/main.js'])
