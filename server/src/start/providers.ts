import { observeCalls } from '../base/observe-upstream.ts'
import type { AccountProviderChoice } from '../domain/banking/account-provider.ts'
import type { BankDirectoryChoice } from '../domain/banking/bank-directory.ts'
import type { Context } from '../domain/context.ts'
import type { VerifierChoice } from '../domain/identity/identity-verifier.ts'
import type { ProcessorChoice } from '../domain/payments/payment-processor.ts'
import { chosenProcessor } from '../domain/payments/processor-accounts.ts'
import { createSandboxAccounts } from '../domain/sandbox/accounts.ts'
import { createSandboxDirectory } from '../domain/sandbox/banks.ts'
import { createSandboxProcessor } from '../domain/sandbox/processor.ts'
import { createSandboxVerifier } from '../domain/sandbox/verifier.ts'
import { modeOfKey } from '../upstream/paystack/account.ts'
import { createPaystackVerifier } from '../upstream/paystack/verifier.ts'
import type { Config } from './config.ts'

/**
 * The one place that says who does what only an outside party can do, per merchant and mode: the sandbox in test mode, nobody
 * in live mode. A merchant may choose that money moves outside any API. A charge that the sandbox has is asked about there.
 * A Paystack account judges the identity checks of the mode of its key.
 */
export function chooseProviders(
  context: Pick<Context, 'db' | 'clock' | 'random' | 'meter' | 'failures'>,
  config: Pick<Config, 'sandboxDelayMs' | 'upstreamPaystack'>,
): ProcessorChoice & VerifierChoice & BankDirectoryChoice & AccountProviderChoice {
  const delayMs = config.sandboxDelayMs
  const processors = { test: createSandboxProcessor({ ...context, delayMs }), live: null }
  const account = config.upstreamPaystack
  const verifiers = {
    test: createSandboxVerifier({ delayMs }),
    live: null,
    ...(account === undefined
      ? {}
      : {
          [modeOfKey(account.secretKey)]: createPaystackVerifier(
            { ...account, fetch },
            observeCalls(context, 'paystack'),
          ),
        }),
  }
  const bankDirectories = { test: createSandboxDirectory(), live: null }
  const accountProviders = { test: createSandboxAccounts(context), live: null }
  return {
    accountProviderOf: async (_context, { mode }) => accountProviders[mode],
    bankDirectoryOf: async (_context, { mode }) => bankDirectories[mode],
    processorOf: async (context, tenant, use) => {
      const processor = processors[tenant.mode]
      if (use === 'sent' || processor === null) return processor
      return (await chosenProcessor(context, tenant, 'in')) === 'sandbox' ? processor : null
    },
    servedProcessors: ['sandbox', 'manual'],
    verifierOf: async (_context, { mode }) => verifiers[mode],
  }
}
