/** The customers calls of the clients that ship no types. */
type Call = (...inputs: unknown[]) => Promise<unknown>

declare module 'paystack' {
  export default class Paystack {
    constructor(key: string)
    customer: Record<'create' | 'list' | 'get' | 'update' | 'setRiskAction', Call>
  }
}

declare module 'paystack-api' {
  export default class Paystack {
    constructor(key: string)
    endpoint: string
    customer: Record<'create' | 'list' | 'get' | 'update' | 'validate' | 'setRiskAction' | 'deactivateAuth', Call>
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
  }
}
