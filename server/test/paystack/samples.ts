/*
 * Answers of the real service, as its documentation and recordings of it show them: names, order of members, types and
 * texts. They are written from those, never from what this project renders, so that a misreading on one side shows.
 */

/** Sent as they are. */
export const refusals = {
  invalidKey: [
    401,
    '{"status":false,"message":"Invalid key","meta":{"nextStep":"Ensure that you provide the correct authorization key for the request"},"type":"validation_error","code":"invalid_Key"}',
  ],
  duplicateReference: [
    400,
    '{"status":false,"message":"Duplicate Transaction Reference","meta":{"nextStep":"Try and create the Transaction or Charge with a new reference"},"type":"validation_error","code":"duplicate_reference","errorCodeMappingNotFound":false}',
  ],
  unknownTransaction: [
    400,
    '{"status":false,"message":"Transaction reference not found.","meta":{"nextStep":"Ensure that you\'re passing the correct reference for the requested resource that exists on this integration"},"type":"validation_error","code":"transaction_not_found"}',
  ],
  unknownTransactionId: [
    404,
    '{"status":false,"message":"Transaction ID or reference is invalid","meta":{"nextStep":"Ensure that the value(s) you\'re passing are valid."},"type":"validation_error","code":"not_found"}',
  ],
  noEmail: [
    400,
    '{"status":false,"message":"Email Address is required","meta":{"nextStep":"Provide all required params"},"type":"validation_error","code":"missing_params"}',
  ],
  unknownAuthorizationRequest: [
    404,
    '{"status":false,"message":"Authorization does not exist or does not belong to integration","metadata":{"nextStep":"Try again later"},"type":"api_error","code":"unknown"}',
  ],
  noDedicatedAccounts: [
    403,
    '{"status":false,"message":"Dedicated NUBAN is not available for your business","meta":{"nextStep":"Please contact support@paystack.com to enable this feature"},"type":"api_error","code":"feature_unavailable"}',
  ],
  unknownDedicatedAccount: [
    404,
    '{"status":false,"message":"Dedicated account not found","meta":{"nextStep":"Ensure that you\'re passing the correct reference for the requested resource that exists on this integration"},"type":"validation_error","code":"not_found"}',
  ],
  unknownAuthorization: [
    400,
    '{"status":false,"message":"Authorization code is invalid","meta":{"nextStep":"Ensure that the value(s) you\'re passing are valid."},"type":"validation_error","code":"invalid_params"}',
  ],
  otherEmail: [
    400,
    '{"status":false,"message":"Email does not match Authorization code. Authorization may be inactive or belong to a different email. Please confirm.","meta":{"nextStep":"Ensure that the value(s) you\'re passing are valid."},"type":"validation_error","code":"invalid_params"}',
  ],
  currency: [
    400,
    '{"status":false,"message":"Currency not supported by merchant","meta":{"nextStep":"Ensure that the value(s) you\'re passing are valid."},"type":"validation_error","code":"invalid_params"}',
  ],
  invalidReference: [
    400,
    '{"status":false,"message":"Transaction reference is invalid","meta":{"nextStep":"Ensure that the value(s) you\'re passing are valid."},"type":"validation_error","code":"invalid_params"}',
  ],
  noSuchTransaction: [
    400,
    '{"status":false,"message":"Transaction not found","meta":{"nextStep":"Ensure the transaction reference or ID is correct"},"type":"validation_error","code":"transaction_not_found"}',
  ],
  refundTooLarge: [
    400,
    '{"status":false,"message":"Refund amount exceeds transaction amount","meta":{"nextStep":"The refund amount should not exceed original transaction amount."},"type":"validation_error","code":"refund_amount_exceeds_transaction_amount"}',
  ],
  refundsTooLarge: [
    400,
    '{"status":false,"message":"Total refund amount cannot exceed original transaction amount","meta":{"nextStep":"Ensure that the value(s) you\'re passing are valid."},"type":"validation_error","code":"invalid_params"}',
  ],
  fullyReversed: [
    400,
    '{"status":false,"message":"Transaction has been fully reversed","meta":{"nextStep":"Try again later"},"type":"api_error","code":"transaction_reversed"}',
  ],
  unknownRefund: [
    404,
    '{"status":false,"message":"Refund not found","meta":{"nextStep":"Ensure that you\'re passing the correct reference for the requested resource that exists on this integration"},"type":"validation_error","code":"not_found"}',
  ],
  refundState: [
    422,
    '{"status":false,"message":"Invalid Refund state, refund status should be \\"needs-attention\\"","meta":{"nextStep":"Ensure that the value(s) you\'re passing are valid."},"type":"validation_error","code":"invalid_params"}',
  ],
  unknownDispute: [
    404,
    '{"status":false,"message":"Dispute not found","meta":{"nextStep":"Ensure that you\'re passing the correct reference for the requested resource that exists on this integration"},"type":"validation_error","code":"not_found"}',
  ],
  disputeTooLarge: [
    400,
    '{"status":false,"message":"Refund amount cannot be greater than initial amount","meta":{"nextStep":"Ensure that the value(s) you\'re passing are valid."},"type":"validation_error","code":"invalid_params"}',
  ],
  resolvedDispute: [
    400,
    '{"status":false,"message":"Dispute has been resolved","meta":{"nextStep":"Ensure that the value(s) you\'re passing are valid."},"type":"validation_error","code":"invalid_params"}',
  ],
  missing: (name: string) =>
    [
      400,
      `{"status":false,"message":"\\"${name}\\" is required","meta":{"nextStep":"Provide all required params"},"type":"validation_error","code":"missing_params"}`,
    ] as const,
  unknownSettlement: [
    404,
    '{"status":false,"message":"Settlement not found","meta":{"nextStep":"Ensure that you\'re passing the correct reference for the requested resource that exists on this integration"},"type":"validation_error","code":"not_found"}',
  ],
  unknownCustomer: [
    404,
    '{"status":false,"message":"Customer code/email specified is invalid","meta":{"nextStep":"Ensure that the value(s) you\'re passing are valid."},"type":"validation_error","code":"invalid_params"}',
  ],
  rateLimited: [
    429,
    '{"status":false,"message":"Rate limit exceeded!","meta":{"nextStep":"Wait a few minutes and try the API call again"},"type":"api_error","code":"rate_limited"}',
  ],
  oops: [500, '{"status":false,"message":"An error occurred","type":"api_error","code":"unknown"}'],
} as const

/** The members of each kind of record, in their order, with the values of the sample. A copy gets the values of its own. */
export const records = {
  customer: JSON.parse(
    '{"id":5406463,"first_name":null,"last_name":null,"email":"customer@email.com","customer_code":"CUS_xnxdt6s1zg1f4nx","phone":null,"metadata":null,"risk_action":"default","international_format_phone":null}',
  ),
  /** As its list and its fetch show it; the fetch shows more besides. */
  listedCustomer: JSON.parse(
    '{"integration":463433,"first_name":null,"last_name":null,"email":"dom@gmail.com","phone":null,"metadata":null,"domain":"live","customer_code":"CUS_c6wqvwmvwopw4ms","risk_action":"default","id":90758908,"createdAt":"2022-08-15T13:46:39.000Z","updatedAt":"2022-08-15T13:46:39.000Z"}',
  ),
  card: JSON.parse(
    '{"authorization_code":"AUTH_ekk8t49ogj","bin":"408408","last4":"4081","exp_month":"12","exp_year":"2030","channel":"card","card_type":"visa ","bank":"TEST BANK","country_code":"NG","brand":"visa","reusable":true,"signature":"SIG_yEXu7dLBeqG0kU7g95Ke","account_name":null}',
  ),
  noInstrument: JSON.parse(
    '{"authorization_code":null,"bin":null,"last4":null,"exp_month":null,"exp_year":null,"channel":null,"card_type":null,"bank":null,"country_code":null,"brand":null,"reusable":false,"signature":null,"account_name":null}',
  ),
  bankTransfer: JSON.parse(
    '{"authorization_code":"AUTH_0ozsafcpdf","bin":"413XXX","last4":"X011","exp_month":"01","exp_year":"2020","channel":"dedicated_nuban","card_type":"transfer","bank":"First City Monument Bank","country_code":"NG","brand":"Managed Account","reusable":false,"signature":null,"sender_bank":"First City Monument Bank","sender_bank_account_number":"XXXXXX0011","sender_country":"NG","sender_name":"RANDALL AKANBI HORTON","narration":"NIP: RANDALL AKANBI HORTON","receiver_bank_account_number":"9930000902","receiver_bank":"Wema Bank"}',
  ),
  transaction: JSON.parse(
    '{"id":4099260516,"domain":"live","status":"success","reference":"re4lyvq3s3","receipt_number":null,"amount":40333,"message":null,"gateway_response":"Successful","paid_at":"2024-08-22T09:15:02.000Z","created_at":"2024-08-22T09:14:24.000Z","channel":"card","currency":"NGN","ip_address":"197.210.54.33","metadata":"","log":null,"fees":10283,"fees_split":null,"authorization":{},"customer":{},"plan":null,"split":{},"order_id":null,"paidAt":"2024-08-22T09:15:02.000Z","createdAt":"2024-08-22T09:14:24.000Z","requested_amount":30050,"pos_transaction_data":null,"source":null,"fees_breakdown":null,"connect":null,"transaction_date":"2024-08-22T09:14:24.000Z","plan_object":{},"subaccount":{}}',
  ),
  refund: JSON.parse(
    '{"integration":412829,"deducted_amount":0,"channel":null,"merchant_note":"Refund for transaction T685312322670591 by test@me.com","customer_note":"Refund for transaction T685312322670591","status":"pending","refunded_by":"test@me.com","expected_at":"2021-12-16T09:21:17.016Z","currency":"NGN","domain":"live","amount":10000,"fully_deducted":false,"id":3018284,"reason":"PENDING","customer":null,"initiated_by":"test@me.com","session_id":null,"createdAt":"2021-12-07T09:21:17.122Z","updatedAt":"2021-12-07T09:21:17.122Z"}',
  ),
  refundedTransaction: JSON.parse(
    '{"id":1004723697,"domain":"live","reference":"T685312322670591","amount":10000,"paid_at":"2021-08-20T18:34:11.000Z","channel":"apple_pay","currency":"NGN","authorization":{"exp_month":null,"exp_year":null,"account_name":null},"customer":{"international_format_phone":null},"plan":{},"subaccount":{"currency":null},"split":{},"order_id":null,"paidAt":"2021-08-20T18:34:11.000Z","requested_amount":10000,"pos_transaction_data":null,"source":null,"fees_breakdown":null}',
  ),
  dispute: JSON.parse(
    '{"id":358950,"refund_amount":5800,"currency":"NGN","status":"awaiting-merchant-feedback","resolution":null,"domain":"live","transaction":{},"transaction_reference":null,"category":"chargeback","customer":{},"bin":"123456","last4":"1234","dueAt":"2020-11-25T18:00:00.000Z","resolvedAt":null,"evidence":null,"attachments":null,"note":null,"history":[{"status":"pending","by":"example@test.com","createdAt":"2020-11-24T13:45:57.000Z"}],"messages":[{"sender":"example@test.com","body":"Customer complained about debit without value","createdAt":"2020-11-24T13:45:57.000Z"}],"created_at":"2020-11-24T13:45:57.000Z","updated_at":"2020-11-24T18:00:02.000Z"}',
  ),
  disputeMessage: JSON.parse(
    '{"dispute":358950,"sender":"test@example.com","body":"Merchant accepted","id":718,"createdAt":"2020-11-25T18:00:00.000Z","updatedAt":"2020-11-25T18:00:00.000Z"}',
  ),
  evidence: JSON.parse(
    '{"customer_email":"cus@gmail.com","customer_name":"Mensah King","customer_phone":"0802345167","service_details":"claim for buying product","delivery_address":"3a ladoke street ogbomoso","dispute":358950,"id":21,"createdAt":"2020-11-25T18:00:00.000Z","updatedAt":"2020-11-25T18:00:00.000Z"}',
  ),
  dedicatedAccount: JSON.parse(
    '{"bank":{"name":"Wema Bank","id":20,"slug":"wema-bank"},"account_name":"KAROKART / RHODA CHURCH","account_number":"9930000737","assigned":true,"currency":"NGN","metadata":null,"active":true,"id":253,"created_at":"2019-12-12T12:39:04.000Z","updated_at":"2020-01-06T15:51:24.000Z","assignment":{"integration":100043,"assignee_id":7454289,"assignee_type":"Customer","expired":false,"account_type":"PAY-WITH-TRANSFER-RECURRING","assigned_at":"2020-01-06T15:51:24.764Z","expired_at":null},"customer":{}}',
  ),
  mandateWebhook: JSON.parse(
    '{"authorization_code":"AUTH_8Lol0pNt14","active":true,"last4":"6789","channel":"direct_debit","card_type":"mandate","bank":"Guaranty Trust Bank","exp_month":1,"exp_year":2034,"country_code":"NG","brand":"GTBank","reusable":true,"signature":null,"account_name":null}',
  ),
  bankDebit: JSON.parse(
    '{"authorization_code":"AUTH_8Lol0pNt14","bin":null,"last4":null,"exp_month":null,"exp_year":null,"channel":"direct_debit","card_type":null,"bank":"Guaranty Trust Bank","country_code":"NG","brand":null,"reusable":true,"signature":null,"account_name":null}',
  ),
  accountProviders: JSON.parse(
    '[{"provider_slug":"wema-bank","bank_id":20,"bank_name":"Wema Bank","id":5},{"provider_slug":"titan-paystack","bank_id":629,"bank_name":"Titan Paystack","id":9}]',
  ),
  settlement: JSON.parse(
    '{"id":3090024,"domain":"live","status":"success","currency":"NGN","integration":463433,"total_amount":97400,"effective_amount":97400,"total_fees":2600,"total_processed":100000,"deductions":0,"settlement_date":"2022-11-09T00:00:00.000Z","settled_by":null,"createdAt":"2022-11-09T02:00:48.000Z","updatedAt":"2022-11-09T02:00:48.000Z"}',
  ),
  refundWebhook: JSON.parse(
    '{"status":"pending","transaction_reference":"tvunjbbd_412829_4b18075d_c7had","refund_reference":null,"amount":"10000","currency":"NGN","processor":"instant-transfer","customer":{"first_name":"Drew","last_name":"Berry","email":"demo@email.com"},"integration":412829,"domain":"live"}',
  ),
}
