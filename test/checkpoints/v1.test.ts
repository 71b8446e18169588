import { opensForEver } from './opens-for-ever.ts'

opensForEver('v1')
