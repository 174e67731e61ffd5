/** The id of the ledger transaction in an id of any surface: `txn_…`, `purchase_…`, `transfer_…` or the bare id. */
export function transactionIdOf(id: string): string {
  return id.replace(/^(txn|purchase|transfer)_/, '')
}
