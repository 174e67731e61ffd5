/** The ledger transaction an id of any surface names: `txn_…`, `purchase_…`, `transfer_…` or the bare id. */
export function transactionIdOf(id: string): string {
  return id.replace(/^(txn|purchase|transfer)_/, '')
}
