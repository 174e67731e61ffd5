/** The calls, tested here, of the clients without types. */
type Call = (...inputs: unknown[]) => Promise<unknown>

declare module 'paystack' {
  export default class Paystack {
    constructor(key: string)
    customer: Record<'create' | 'list' | 'get' | 'update' | 'setRiskAction', Call>
    transaction: Record<'initialize' | 'verify' | 'list' | 'get' | 'totals' | 'charge', Call>
  }
}

declare module 'paystack-api' {
  export default class Paystack {
    constructor(key: string)
    endpoint: string
    customer: Record<'create' | 'list' | 'get' | 'update' | 'validate' | 'setRiskAction' | 'deactivateAuth', Call>
    transaction: Record<'initialize' | 'verify' | 'list' | 'get' | 'totals' | 'chargeAuth', Call>
    charge: Record<'charge' | 'checkCharge', Call>
    refund: Record<'create' | 'list' | 'get', Call>
    transfer: Record<string, Call>
    transfer_control: Record<string, Call>
    transfer_recipient: Record<string, Call>
  }
}

declare module 'paystack-node' {
  export default class PayStack {
    constructor(key: string)
    mergeNewOptions(options: { baseUrl: string }): void
    createCustomer: Call
    listCustomers: Call
    getCustomer: Call
    updateCustomer: Call
    setRiskActionOnCustomer: Call
    deactivateAuthOnCustomer: Call
    initializeTransaction: Call
    verifyTransaction: Call
    listTransaction: Call
    getTransaction: Call
    transactionTotals: Call
    chargeAuthorization: Call
    chargeMobileMoney: Call
    checkPendingCharge: Call
    createRefund: Call
    listRefund: Call
    getRefund: Call
    listDisputes: Call
    createTransferRecipient: Call
    listTransferRecipients: Call
    updateTransferRecipient: Call
    deleteTransferRecipient: Call
    initiateTransfer: Call
    finalizeTransfer: Call
    listTransfers: Call
    fetchTransfer: Call
  }
}
