import { lockFolder } from '../src/db/folder-lock.ts'

// Locks the folder given, and reports success or the reason of a failure. Holds the lock until it is killed.

try {
  await lockFolder(process.argv[2] ?? '')
  console.log('locked')
} catch (error) {
  console.log(error instanceof Error ? error.message : error)
}
