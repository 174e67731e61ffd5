import { settingsApprovals } from '../domain/approvals/approval-settings.ts'
import type { ApprovalChoice } from '../domain/approvals/decisions.ts'
import { refundSettlementApprovals } from '../domain/payments/refund-settlements.ts'
import { payoutApprovals } from '../domain/payouts/approved-payouts.ts'
import { payoutSettingsApprovals } from '../domain/payouts/payout-settings.ts'
import { settlementApprovals } from '../domain/payouts/payout-settlements.ts'
import { adjustmentApprovals } from '../domain/wallet/adjustments.ts'
import { payInApprovals } from '../domain/wallet/pay-ins.ts'

/** The one place that says who has the things of each kind that wait for a second person. */
export const approvalOwners: ApprovalChoice['approvalOwners'] = {
  adjustment: adjustmentApprovals,
  pay_in: payInApprovals,
  payout: payoutApprovals,
  payout_settlement: settlementApprovals,
  refund_settlement: refundSettlementApprovals,
  approval_settings: settingsApprovals,
  payout_settings: payoutSettingsApprovals,
}
