/** Every operation of the Customers API, in the order of the table of clients. */
export const paystackOperations = {
  create: 'POST /customer',
  list: 'GET /customer',
  fetch: 'GET /customer/:email_or_code',
  update: 'PUT /customer/:code',
  validate: 'POST /customer/:email_or_code/identification',
  setRiskAction: 'POST /customer/set_risk_action',
  deactivateAuthorization: 'POST /customer/deactivate_authorization or /customer/authorization/deactivate',
  initializeAuthorization: 'POST /customer/authorization/initialize',
  verifyAuthorization: 'GET /customer/authorization/verify/:reference',
  initializeDirectDebit: 'POST /customer/:id/initialize-direct-debit',
  chargeForActivation: 'PUT /customer/:id/directdebit-activation-charge',
  listMandates: 'GET /customer/:id/directdebit-mandate-authorizations',
}

export type PaystackOperation = keyof typeof paystackOperations

/** The operations on transactions and charges. They follow in the table. */
export const transactionOperations = {
  initializeTransaction: 'POST /transaction/initialize',
  verifyTransaction: 'GET /transaction/verify/:reference',
  listTransactions: 'GET /transaction',
  fetchTransaction: 'GET /transaction/:id',
  totalTransactions: 'GET /transaction/totals',
  chargeAuthorization: 'POST /transaction/charge_authorization',
  charge: 'POST /charge',
  checkCharge: 'GET /charge/:reference',
  createRefund: 'POST /refund',
  listRefunds: 'GET /refund',
  fetchRefund: 'GET /refund/:id',
  retryRefund: 'POST /refund/retry_with_customer_details/:id',
}

export type TransactionOperation = keyof typeof transactionOperations

/** Operations on disputes, to their method and path. */
export const disputeOperations = {
  listDisputes: 'GET /dispute',
  fetchDispute: 'GET /dispute/:id',
  fetchDisputeOfTransaction: 'GET /dispute/transaction/:id',
  updateDispute: 'PUT /dispute/:id',
  addEvidence: 'POST /dispute/:id/evidence',
  resolveDispute: 'PUT /dispute/:id/resolve',
  exportDisputes: 'GET /dispute/export',
}

export type DisputeOperation = keyof typeof disputeOperations

/** Operations on recipients, transfers and the balance that they leave. */
export const transferOperations = {
  createRecipient: 'POST /transferrecipient',
  createRecipients: 'POST /transferrecipient/bulk',
  listRecipients: 'GET /transferrecipient',
  fetchRecipient: 'GET /transferrecipient/:id_or_code',
  updateRecipient: 'PUT /transferrecipient/:id_or_code',
  deleteRecipient: 'DELETE /transferrecipient/:id_or_code',
  initiateTransfer: 'POST /transfer',
  initiateTransfers: 'POST /transfer/bulk',
  finalizeTransfer: 'POST /transfer/finalize_transfer',
  listTransfers: 'GET /transfer',
  fetchTransfer: 'GET /transfer/:id_or_code',
  verifyTransfer: 'GET /transfer/verify/:reference',
  exportTransfers: 'GET /transfer/export',
  resendOtp: 'POST /transfer/resend_otp',
  enableOtp: 'POST /transfer/enable_otp',
  disableOtp: 'POST /transfer/disable_otp',
  finalizeDisableOtp: 'POST /transfer/disable_otp_finalize',
  fetchBalance: 'GET /balance',
  listBalanceLedger: 'GET /balance/ledger',
}

export type TransferOperation = keyof typeof transferOperations

/** Operations that clients on npm are not tried with. They end the table of replayed clients. */
export const moreOperations = {
  fetchTimeline: 'GET /transaction/timeline/:id_or_reference',
  exportTransactions: 'GET /transaction/export',
  listDedicatedAccounts: 'GET /dedicated_account',
  listAccountProviders: 'GET /dedicated_account/available_providers',
  listBanks: 'GET /bank',
  resolveAccount: 'GET /bank/resolve',
  listCountries: 'GET /country',
  listStates: 'GET /address_verification/states',
}

export type ReplayedOperation =
  | PaystackOperation
  | TransactionOperation
  | DisputeOperation
  | TransferOperation
  | keyof typeof moreOperations
