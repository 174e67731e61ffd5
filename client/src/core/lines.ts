/** One JSON value on each line. */
export const jsonLines = 'application/x-ndjson'

/** The lines of a stream as they come; leaving the loop lets go of the stream. */
export async function* linesOf(
  stream: ReadableStream<Uint8Array>,
  onFailure: (cause: unknown) => never,
): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  const reader = stream.getReader()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(onFailure)
      if (done) return
      const lines = (rest + decoder.decode(value, { stream: true })).split('\n')
      rest = lines.pop() as string
      yield* lines
    }
  } finally {
    // Nobody reads on: the server need not go on either.
    await reader.cancel().catch(() => {})
  }
}
