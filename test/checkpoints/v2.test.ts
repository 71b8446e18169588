import { opensForEver } from './opens-for-ever.ts'

opensForEver('v2')
