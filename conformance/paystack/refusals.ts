/** Paystack's answer to a refused request. `body` holds the members that the contract fixes for the case. */
export interface Refusal {
  status: number
  body: RefusalBody
}

export interface RefusalBody {
  status: false
  message: string
  meta?: { nextStep: string }
  type?: string
  code?: string
}

const invalidValue = {
  meta: { nextStep: "Ensure that the value(s) you're passing are valid." },
  type: 'validation_error',
  code: 'invalid_params',
}

function refusal(status: number, message: string, rest: Omit<RefusalBody, 'status' | 'message'> = {}): Refusal {
  return { status, body: { status: false, message, ...rest } }
}

export const refusals = {
  invalidKey: refusal(401, 'Invalid key', {
    meta: { nextStep: 'Ensure that you provide the correct authorization key for the request' },
    type: 'validation_error',
    code: 'invalid_Key',
  }),
  missingEmail: refusal(400, 'Email Address is required', {
    meta: { nextStep: 'Provide all required params' },
    type: 'validation_error',
    code: 'missing_params',
  }),
  malformedEmail: refusal(400, '"email" must be a valid email', { type: 'validation_error', code: 'invalid_params' }),
  metadataNotObject: refusal(400, '"metadata" must be of type object', invalidValue),
  unknownCustomer: refusal(404, 'Customer code/email specified is invalid', invalidValue),
  missingBvn: refusal(400, 'Please enter a valid `bvn`'),
  unknownRiskAction: refusal(400, '"risk_action" must be one of [default, allow, deny]'),
  unknownAuthorization: refusal(404, 'Authorization code not found.'),
  unknownTransaction: refusal(400, 'Transaction reference not found.', { code: 'transaction_not_found' }),
  unknownRefundedTransaction: refusal(400, 'Transaction not found', { code: 'transaction_not_found' }),
  refundsExceedTransaction: refusal(400, 'Total refund amount cannot exceed original transaction amount'),
  unknownDispute: refusal(404, 'Dispute not found', { code: 'not_found' }),
  tooMuchDisputed: refusal(400, 'Refund amount cannot be greater than initial amount'),
  unknownBank: refusal(400, 'Bank is invalid', { code: 'invalid_bank_code' }),
  unknownRecipient: refusal(404, 'Recipient not found', { code: 'not_found' }),
  unknownTransfer: refusal(404, 'Transfer not found', { code: 'not_found' }),
  duplicateTransfer: refusal(400, 'Please provide a unique reference. Reference already exists on a transfer', {
    meta: { nextStep: 'Create a new reference for the new transfer' },
    type: 'validation_error',
    code: 'duplicate_transfer_reference',
  }),
  shortOfFunds: refusal(400, 'Your balance is not enough to fulfil this request', { code: 'insufficient_balance' }),
  unknownRefund: refusal(404, 'Refund not found', { code: 'not_found' }),
  duplicateReference: refusal(400, 'Duplicate Transaction Reference', {
    meta: { nextStep: 'Try and create the Transaction or Charge with a new reference' },
    type: 'validation_error',
    code: 'duplicate_reference',
  }),
  invalidAuthorization: refusal(400, 'Authorization code is invalid', invalidValue),
  unknownReference: refusal(404, 'Authorization does not exist or does not belong to integration'),
} satisfies Record<string, Refusal>
