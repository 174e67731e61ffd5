// Loaded into the server at a terminal: shows that it is starting until it prints something itself.
import process from 'node:process'
import { showProgress } from './progress.mjs'

const endProgress = showProgress(() => 'Starting')
const streams = [process.stdout, process.stderr].map((stream) => ({ stream, write: stream.write }))
for (const { stream } of streams) {
  stream.write = (/** @type {[any, any?, any?]} */ ...args) => {
    giveWay()
    return stream.write(...args)
  }
}
process.once('exit', giveWay)

function giveWay() {
  for (const { stream, write } of streams) stream.write = write
  process.off('exit', giveWay)
  endProgress()
}
