/** Paystack's words for the refusals of transfers and recipients. */
export const transferWords = {
  duplicate: 'Please provide a unique reference. Reference already exists on a transfer',
  illegalReference: 'Your reference contains illegal special characters',
  invalidRecipient: 'Recipient specified is invalid',
  invalidAmount: 'Amount must be a positive integer.',
  unknownBank: 'Bank is invalid',
  invalidAccount: 'Account number is invalid',
  noAccount: 'Either authorization_code or account_number must be passed.',
  noAuthorizationAccount: 'Account details not found for this authorization',
  invalidCode: 'Transfer code is invalid',
  notAwaitingOtp: 'Transfer is not currently awaiting OTP',
  /** Not documented: in the manner of the others. */
  wrongOtp: 'The one-time password is wrong: the transfer has failed',
  wrongOtpForSetting: 'The one-time password is wrong: transfers still ask for one',
  nothingToExport: 'No transfers found',
} as const

/** Begins the refusal of a whole batch. */
export const duplicatesFound = 'Duplicate reference(s) found: '
