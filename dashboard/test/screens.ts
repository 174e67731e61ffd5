/** The addresses of the screens that need no customer, below /app. */
export const screens = [
  '/home',
  '/customers',
  '/customers?risk=deny&money=yes',
  '/money?tab=overview',
  '/money?tab=payments',
  '/money?tab=disputes',
  '/money?tab=purchases',
  '/money?tab=transfers',
  '/money?tab=refunds',
  '/money?tab=payouts',
  '/money?tab=payouts&of=recipients',
  '/money?tab=approvals',
  '/money?tab=settings',
  '/money?tab=reconciliation',
  '/money?tab=balance',
  '/developers?tab=keys',
  '/developers?tab=endpoints',
  '/developers?tab=deliveries',
  '/developers?tab=events',
  '/developers?tab=requests',
  '/developers?tab=sandbox',
  '/developers?tab=snippets',
  '/audit',
]

/** The tabs of one customer; the first has no name in the address. */
export const customerTabs = [
  '',
  '?tab=payouts',
  '?tab=methods',
  '?tab=accounts',
  '?tab=identity',
  '?tab=holds',
  '?tab=webhooks',
  '?tab=metadata',
  '?tab=trail',
]
