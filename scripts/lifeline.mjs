// Loaded into the server before it starts: ends it when its launcher is gone, which cannot pass a SIGKILL on. Without
// this, killing `npm start` the hard way would leave a server behind that holds the port and the data folder.
import process from 'node:process'

process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
// The channel alone must not keep a finished sub-command running.
process.channel?.unref()
