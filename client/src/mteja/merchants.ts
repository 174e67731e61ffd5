import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { listPages, listSteps, listWhole, type MtejaPage, type MtejaStep, type WholeList } from './api.ts'
import { apiKey, newApiKey, revokedApiKey } from './api-keys.ts'
import { auditEntry } from './audit.ts'
import { accountImport, importSkip } from './imported-payments.ts'
import { paymentSettings } from './payment-settings.ts'
import { processorAccount, sending } from './processors.ts'
import { difference, reconciliation } from './reconciliations.ts'

const merchant = { id: 'text', integration: 'whole', name: 'text', currencies: ['text'] } as const

/**
 * `client.merchants`: for the operator of the service, with the operator's key (`MTEJA_ADMIN_KEY`) as the token. Only `own`
 * is for a merchant's key.
 */
export class Merchants {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Creates a merchant without any key. Create one with `createApiKey`. */
  create(body: Mteja.CreateMerchantBody, options?: CallOptions): Promise<Mteja.Merchant> {
    return this.#send({ method: 'POST', path: path`/v1/merchants`, body, shape: merchant }, options)
  }

  /** Oldest first. */
  list(options?: CallOptions): List<Mteja.Merchant, WholeList<Mteja.Merchant>> {
    return listWhole(this.#send, path`/v1/merchants`, merchant, options)
  }

  /** By the id or the integration number. */
  retrieve(id: string, options?: CallOptions): Promise<Mteja.Merchant> {
    return this.#send({ method: 'GET', path: path`/v1/merchants/${id}`, shape: merchant }, options)
  }

  /** Renames a merchant, or adds currencies that it holds. */
  update(id: string, body: Mteja.UpdateMerchantBody, options?: CallOptions): Promise<Mteja.Merchant> {
    return this.#send({ method: 'PATCH', path: path`/v1/merchants/${id}`, body, shape: merchant }, options)
  }

  /**
   * Closes a merchant: its keys can then only read. Throws ConflictError while customers have money, or while a hold, a
   * payment or a dedicated account is open.
   */
  close(id: string, body: Mteja.CloseMerchantBody = {}, options?: CallOptions): Promise<Mteja.Merchant> {
    return this.#send({ method: 'POST', path: path`/v1/merchants/${id}/close`, body, shape: merchant }, options)
  }

  /** Opens a closed merchant again. */
  reopen(id: string, options?: CallOptions): Promise<Mteja.Merchant> {
    return this.#send({ method: 'POST', path: path`/v1/merchants/${id}/reopen`, shape: merchant }, options)
  }

  /** The merchant of a merchant's own key, which must be the client's token. */
  own(options?: CallOptions): Promise<Mteja.Merchant> {
    return this.#send({ method: 'GET', path: path`/v1/merchant`, shape: merchant }, options)
  }

  /** The processor of each direction, in a mode; default test. */
  processors(
    id: string,
    query: Mteja.ListMerchantProcessorsQuery = {},
    options?: CallOptions,
  ): Promise<Mteja.ListMerchantProcessorsResult> {
    const at = path`/v1/merchants/${id}/processors`
    return this.#send({ method: 'GET', path: at, query, shape: { data: [processorAccount] } }, options)
  }

  /** Chooses the processor of a direction, in a mode; default test. `ifMatch` is the `chosenAt` that was read. */
  setProcessor(
    id: string,
    direction: Mteja.ProcessorAccount['direction'],
    body: Mteja.SetMerchantProcessorBody,
    options?: CallOptions,
  ): Promise<Mteja.ProcessorAccount> {
    const at = path`/v1/merchants/${id}/processors/${direction}`
    return this.#send({ method: 'PUT', path: at, body, shape: processorAccount }, options)
  }

  /** Pauses all sending of a merchant in a mode, or lets it go on; default test. */
  setSending(
    id: string,
    body: Mteja.SetMerchantSendingBody,
    options?: CallOptions,
  ): Promise<Mteja.SetMerchantSendingResult> {
    return this.#send({ method: 'PUT', path: path`/v1/merchants/${id}/sending`, body, shape: sending }, options)
  }

  /**
   * Compares the account of a merchant with the books, in a mode; default test. Call it again while the status is `running`.
   */
  reconcile(
    id: string,
    body: Mteja.CreateMerchantReconciliationBody = {},
    options?: CallOptions,
  ): Promise<Mteja.Reconciliation> {
    const at = path`/v1/merchants/${id}/reconciliations`
    return this.#send({ method: 'POST', path: at, body, shape: reconciliation }, options)
  }

  /**
   * Imports the account of a merchant, in a mode; default test. Call it again while the status is `running`, and not before
   * `retryAt`.
   */
  importAccount(id: string, body: Mteja.CreateMerchantImportBody = {}, options?: CallOptions): Promise<Mteja.Import> {
    return this.#send({ method: 'POST', path: path`/v1/merchants/${id}/imports`, body, shape: accountImport }, options)
  }

  /** What the last import of the account has left out, in a mode; default test. */
  importSkips(
    id: string,
    query: Mteja.ListMerchantImportSkipsQuery = {},
    options?: CallOptions,
  ): List<Mteja.ImportSkip, MtejaStep<Mteja.ImportSkip>> {
    return listSteps(this.#send, path`/v1/merchants/${id}/imports/skipped`, query, importSkip, options)
  }

  /** How the account of a merchant and the books differ, in a mode; default test. */
  differences(
    id: string,
    query: Mteja.ListMerchantDifferencesQuery = {},
    options?: CallOptions,
  ): List<Mteja.Difference, MtejaStep<Mteja.Difference>> {
    return listSteps(this.#send, path`/v1/merchants/${id}/differences`, query, difference, options)
  }

  /** What payments without a purpose are for, in a mode; default test. */
  paymentSettings(
    id: string,
    query: Mteja.RetrieveMerchantPaymentSettingsQuery = {},
    options?: CallOptions,
  ): Promise<Mteja.RetrievePaymentSettingsResult> {
    const at = path`/v1/merchants/${id}/payment-settings`
    return this.#send({ method: 'GET', path: at, query, shape: paymentSettings }, options)
  }

  /** Says what payments without a purpose are for, in a mode; default test. */
  updatePaymentSettings(
    id: string,
    body: Mteja.UpdateMerchantPaymentSettingsBody,
    options?: CallOptions,
  ): Promise<Mteja.RetrievePaymentSettingsResult> {
    const at = path`/v1/merchants/${id}/payment-settings`
    return this.#send({ method: 'PATCH', path: at, body, shape: paymentSettings }, options)
  }

  /** Creates a key of either mode, default test. `secret` is shown only in this answer. */
  createApiKey(id: string, body: Mteja.CreateMerchantApiKeyBody = {}, options?: CallOptions): Promise<Mteja.NewApiKey> {
    return this.#send({ method: 'POST', path: path`/v1/merchants/${id}/api-keys`, body, shape: newApiKey }, options)
  }

  /** The merchant's keys of both modes, newest first. */
  listApiKeys(
    id: string,
    query: Mteja.ListMerchantApiKeysQuery = {},
    options?: CallOptions,
  ): List<Mteja.ApiKey, MtejaPage<Mteja.ApiKey>> {
    return listPages(this.#send, path`/v1/merchants/${id}/api-keys`, query, apiKey, options)
  }

  /** Revokes a key, and the keys that it made, unless `keepMade`. Its replacements stay, unless `withReplacements`. */
  revokeApiKey(
    id: string,
    keyId: string,
    query: Mteja.RevokeMerchantApiKeyQuery = {},
    options?: CallOptions,
  ): Promise<Mteja.RevokedApiKey> {
    const call = {
      method: 'DELETE',
      path: path`/v1/merchants/${id}/api-keys/${keyId}`,
      query,
      shape: revokedApiKey,
    } as const
    return this.#send(call, options)
  }

  /** All writes of a merchant in both modes, newest first. */
  audit(
    id: string,
    query: Omit<Mteja.ListMerchantAuditQuery, 'format'> = {},
    options?: CallOptions,
  ): List<Mteja.AuditEntry, MtejaStep<Mteja.AuditEntry>> {
    return listSteps(this.#send, path`/v1/merchants/${id}/audit`, query, auditEntry, options)
  }

  /** The operator's writes about the service as a whole, such as a new signing key, newest first. */
  operatorAudit(
    query: Omit<Mteja.ListOperatorAuditQuery, 'format'> = {},
    options?: CallOptions,
  ): List<Mteja.AuditEntry, MtejaStep<Mteja.AuditEntry>> {
    return listSteps(this.#send, path`/v1/operator/audit`, query, auditEntry, options)
  }

  /** From now on a new key signs JWTs. JWTs that were already issued are valid until they expire. */
  rotateSigningKey(options?: CallOptions): Promise<Mteja.RotateSigningKeyResult> {
    return this.#send({ method: 'POST', path: path`/v1/signing-keys/rotate`, shape: { kid: 'text' } }, options)
  }
}
