import { observeCalls } from '../base/observe-upstream.ts'
import type { AccountProviderChoice } from '../domain/banking/account-provider.ts'
import type { BankDirectoryChoice } from '../domain/banking/bank-directory.ts'
import type { Context } from '../domain/context.ts'
import type { VerifierChoice } from '../domain/identity/identity-verifier.ts'
import type { ContentsChoice } from '../domain/imports/account-contents.ts'
import type { ProcessorChoice } from '../domain/payments/payment-processor.ts'
import { chosenAccount } from '../domain/payments/processor-accounts.ts'
import type { PayoutProcessorChoice } from '../domain/payouts/payout-processor.ts'
import type { StatementChoice } from '../domain/reconciliation/account-statement.ts'
import type { LookedAtAccounts } from '../domain/reconciliation/sending-looks.ts'
import { createSandboxAccounts } from '../domain/sandbox/accounts.ts'
import { createSandboxDirectory } from '../domain/sandbox/banks.ts'
import { createSandboxPayouts } from '../domain/sandbox/payouts.ts'
import { createSandboxProcessor } from '../domain/sandbox/processor.ts'
import { createSandboxVerifier } from '../domain/sandbox/verifier.ts'
import { checkSecretKey, modeOfKey } from '../upstream/paystack/account.ts'
import { estimateTransferFee } from '../upstream/paystack/transfer-fees.ts'
import { createPaystackVerifier } from '../upstream/paystack/verifier.ts'
import type { Config } from './config.ts'
import { createPaystackAccounts } from './paystack-accounts.ts'

/**
 * The one place that says who does what only an outside party can do, per merchant and mode: the sandbox in test mode, nobody
 * in live mode. A merchant may choose a Paystack account, or that money moves outside any API. A charge is asked about where it
 * was sent. A Paystack account judges the identity checks of the mode of its key.
 */
export function chooseProviders(
  context: Pick<Context, 'db' | 'clock' | 'random' | 'vault' | 'meter' | 'failures'>,
  config: Pick<Config, 'sandboxDelayMs' | 'upstreamPaystack' | 'paystackUrl'> & Partial<Pick<Config, 'sandboxFees'>>,
): ProcessorChoice &
  PayoutProcessorChoice &
  VerifierChoice &
  BankDirectoryChoice &
  AccountProviderChoice &
  StatementChoice &
  ContentsChoice &
  LookedAtAccounts {
  const delayMs = config.sandboxDelayMs
  const sandboxes = { test: createSandboxProcessor({ ...context, delayMs }), live: null }
  const feeOf = config.sandboxFees === 'public' ? estimateTransferFee : undefined
  const sandboxPayouts = { test: createSandboxPayouts({ ...context, delayMs, feeOf }), live: null }
  const paystack = createPaystackAccounts(context, config.paystackUrl)
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
    accountProviderOf: async (context, tenant, use) => {
      const sandbox = accountProviders[tenant.mode]
      if (use !== 'new') {
        if (use.openedBy === 0n) return sandbox
        return (await paystack.find(context, tenant, use.openedBy))?.accountProvider ?? null
      }
      const chosen = await chosenAccount(context, tenant, 'in')
      if (chosen.processor === 'paystack') return paystack.open(tenant, chosen).accountProvider
      return chosen.processor === 'sandbox' ? sandbox : null
    },
    bankDirectoryOf: async (_context, { mode }) => bankDirectories[mode],
    processorOf: async (context, tenant, use) => {
      const sandbox = sandboxes[tenant.mode]
      if (use !== 'new') {
        if (use.sentBy === 0n) return sandbox
        return (await paystack.find(context, tenant, use.sentBy))?.processor ?? null
      }
      const chosen = await chosenAccount(context, tenant, 'in')
      if (chosen.processor === 'paystack') return paystack.open(tenant, chosen).processor
      return chosen.processor === 'sandbox' ? sandbox : null
    },
    payoutProcessorOf: async (context, tenant, use) => {
      const sandbox = sandboxPayouts[tenant.mode]
      if (use !== 'new') {
        if (use.sentBy === 0n) return sandbox
        return (await paystack.find(context, tenant, use.sentBy))?.payouts ?? null
      }
      const chosen = await chosenAccount(context, tenant, 'out')
      if (chosen.processor === 'paystack') return paystack.open(tenant, chosen).payouts
      return chosen.processor === 'sandbox' ? sandbox : 'manual'
    },
    statementOf: async (context, tenant, accountId) =>
      (await paystack.find(context, tenant, accountId))?.statement ?? null,
    contentsOf: async (context, tenant, accountId) =>
      (await paystack.find(context, tenant, accountId))?.contents ?? null,
    lookAtAccount: async (context, tenant, accountId) =>
      (await (await paystack.find(context, tenant, accountId))?.look()) ?? true,
    servedProcessors: { sandbox: null, manual: null, paystack: checkSecretKey },
    verifierOf: async (_context, { mode }) => verifiers[mode],
  }
}
