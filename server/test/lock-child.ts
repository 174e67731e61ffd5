import { lockFolder } from '../src/db/folder-lock.ts'

// A process that locks the folder it is given, says so or why not, and holds it until it is killed.

try {
  await lockFolder(process.argv[2] ?? '')
  console.log('locked')
} catch (error) {
  console.log(error instanceof Error ? error.message : error)
}
