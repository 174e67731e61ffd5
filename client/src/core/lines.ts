/** One JSON value a line. */
export const jsonLines = 'application/x-ndjson'

/** The lines of a stream as they arrive. Leaving the loop closes the stream. */
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
    // The caller reads no further, so the server need not send more.
    await reader.cancel().catch(() => {})
  }
}
