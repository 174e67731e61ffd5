import { ConnectionError, MtejaError, PermissionError, TimeoutError, ValidationError } from './client.ts'

/** A failure in words for a person. */
export interface Told {
  sentence: string
  /** The server's id of the request, for questions about it. */
  requestId: string | undefined
  /** The write may have been done. */
  isUnsure: boolean
}

export const needSentence = (scope: string): string => `You need the scope ${scope} to do this. Ask an owner.`

export function tell(error: unknown): Told {
  if (!(error instanceof MtejaError)) {
    const sentence =
      error instanceof Error && error.message !== '' ? error.message : 'Something went wrong on this page.'
    return { sentence, requestId: undefined, isUnsure: false }
  }
  return { sentence: sentenceOf(error), requestId: error.requestId, isUnsure: error.isOutcomeUnknown }
}

function sentenceOf(error: MtejaError): string {
  const scope = error instanceof PermissionError && /needs the scope (\S+),/.exec(error.message)?.[1]
  if (scope) return needSentence(scope)
  if (error instanceof ConnectionError) return 'The server cannot be reached.'
  if (error instanceof TimeoutError) return 'The server did not answer in time.'
  if (error.code === 'changed_meanwhile' || error.status === 412) return staleSentence
  return error.message
}

const staleSentence =
  'Somebody else has changed this meanwhile, and nothing of yours was saved. Look at the change first.'

/** What is wrong with each field of a form, by the name that the API gives to the field. */
export function fieldProblems(error: unknown): Record<string, string> {
  if (!(error instanceof ValidationError)) return {}
  return Object.fromEntries(error.fields.map(({ field, message }) => [field, message]))
}
