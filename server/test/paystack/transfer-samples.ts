/*
 * Answers of the real service about recipients and transfers, as its documentation and recordings of it show them: see
 * `samples.ts`.
 */

/** Sent as they are. */
export const transferRefusals = {
  unknownBank: [
    400,
    '{"status":false,"message":"Bank is invalid","meta":{"nextStep":"Ensure that the value(s) you\'re passing are valid."},"type":"validation_error","code":"invalid_bank_code"}',
  ],
  invalidAccount: [
    400,
    '{"status":false,"message":"Account number is invalid","meta":{"nextStep":"Ensure that the value(s) you\'re passing are valid."},"type":"validation_error","code":"invalid_account_number"}',
  ],
  unresolved: [422, '{"status":false,"message":"Cannot resolve account"}'],
  unresolvedName: [
    422,
    '{"status":false,"message":"Could not resolve account name. Check parameters or try again.","meta":{"nextStep":"Ensure that you\'re passing a valid bank code. Use the `List Banks` endpoint to see the available banks and their codes"},"type":"validation_error","code":"invalid_bank_code"}',
  ],
  tooManyResolves: [
    429,
    '{"status":false,"message":"Test mode daily limit of 3 live bank resolves exceeded. Use test bank codes 001 or upgrade to live mode."}',
  ],
  unknownBankCode: [
    400,
    '{"status":false,"message":"Unknown bank code: 000","type":"validation_error","code":"invalid_params"}',
  ],
  unknownRecipient: [
    400,
    '{"status":false,"message":"Recipient specified is invalid","meta":{"nextStep":"Provide a valid recipient. Ensure you are passing the recipient code in the recipient param"},"type":"validation_error","code":"invalid_transfer_recipient"}',
  ],
  noSuchRecipient: [
    404,
    '{"status":false,"message":"Recipient not found","meta":{"nextStep":"Ensure that you\'re passing the correct reference for the requested resource that exists on this integration"},"type":"validation_error","code":"not_found"}',
  ],
  shortOfFunds: [
    400,
    '{"status":false,"message":"Your balance is not enough to fulfil this request","meta":{"nextStep":"Try again later"},"type":"api_error","code":"insufficient_balance"}',
  ],
  duplicateTransfer: [
    400,
    '{"status":false,"message":"Please provide a unique reference. Reference already exists on a transfer","meta":{"nextStep":"Create a new reference for the new transfer"},"type":"validation_error","code":"duplicate_transfer_reference"}',
  ],
  illegalReference: [400, '{"status":false,"message":"Your reference contains illegal special characters"}'],
  tooSmall: [
    400,
    '{"status":false,"message":"The minimum amount you may send in a single transfer at this time is: 50.00 NGN."}',
  ],
  unknownTransfer: [404, '{"status":false,"message":"Transfer not found"}'],
  invalidCode: [400, '{"status":false,"message":"Transfer code is invalid"}'],
  notAwaitingOtp: [400, '{"status":false,"message":"Transfer is not currently awaiting OTP"}'],
  wrongOtp: [400, '{"status":false,"message":"OTP could not be verified"}'],
  starter: [
    400,
    '{"status":false,"message":"You cannot initiate third party payouts as a starter business","meta":{"nextStep":"You\'ll need to upgrade your business"},"type":"api_error","code":"transfer_unavailable"}',
  ],
} as const

/** The members of each kind of record, in their order, with the values of the sample. */
export const transferRecords = {
  recipient: JSON.parse(
    '{"active":true,"createdAt":"2021-11-05T11:27:53.131Z","currency":"NGN","description":null,"domain":"live","email":null,"id":20317609,"integration":463433,"metadata":null,"name":"Tolu Robert","recipient_code":"RCP_m7ljkv8leesep7p","type":"nuban","updatedAt":"2021-11-05T11:27:53.131Z","is_deleted":false,"isDeleted":false,"details":{"authorization_code":null,"account_number":"01000000010","account_name":null,"bank_code":"058","bank_name":"Guaranty Trust Bank"}}',
  ),
  resolved: JSON.parse('{"account_number":"0001234567","account_name":"ROBERT TOLU ADE","bank_id":9}'),
  newTransfer: JSON.parse(
    '{"transfersessionid":[],"transfertrials":[],"domain":"live","amount":100000,"currency":"NGN","reference":"acv_9ee55786-2323-4760-98e2-6380c9cb3f68","source":"balance","source_details":null,"reason":"Bonus for the week","status":"pending","failures":null,"transfer_code":"TRF_v5tip3zx8nna9o78","titan_code":null,"transferred_at":null,"id":860703114,"integration":463433,"request":1068439313,"recipient":56824902,"createdAt":"2025-08-04T10:32:40.000Z","updatedAt":"2025-08-04T10:32:40.000Z"}',
  ),
  otpTransfer: JSON.parse(
    '{"reference":"x8beye1xud","integration":463433,"domain":"live","amount":20000,"currency":"NGN","source":"balance","reason":"E choke","recipient":10751086,"status":"otp","transfer_code":"TRF_1aqrqhoomp0rjro","id":56506855,"createdAt":"2022-02-01T14:24:12.000Z","updatedAt":"2022-02-01T14:24:12.000Z"}',
  ),
  transfer: JSON.parse(
    '{"amount":100000,"createdAt":"2025-08-04T10:16:43.000Z","currency":"NGN","domain":"live","failures":null,"id":860670817,"integration":463433,"reason":"Bonus for the week","reference":"acv_2627bbfe-1a2a-4a1a-8d0e-9d2ee6c31496","source":"balance","source_details":null,"status":"pending","titan_code":null,"transfer_code":"TRF_8opchtrhtjlfz90n","request":1068403325,"transferred_at":null,"updatedAt":"2025-08-04T10:16:43.000Z","recipient":{},"session":{"provider":null,"id":null},"fee_charged":1000,"fees_breakdown":null,"gateway_response":null}',
  ),
  successWebhook: JSON.parse(
    '{"amount":100000,"createdAt":"2025-08-04T10:32:40.000Z","currency":"NGN","domain":"live","failures":null,"id":860703114,"integration":{"id":463433,"is_live":true,"business_name":"Paystack Demo","logo_path":"https://public-files-paystack-prod.s3.eu-west-1.amazonaws.com/integration-logos/hpyxo8n1c7du6gxup7h6.png"},"reason":"Bonus for the week","reference":"acv_9ee55786-2323-4760-98e2-6380c9cb3f68","source":"balance","source_details":null,"status":"success","titan_code":null,"transfer_code":"TRF_v5tip3zx8nna9o78","transferred_at":null,"updatedAt":"2025-08-04T10:32:40.000Z","recipient":{},"session":{"provider":null,"id":null},"fee_charged":0,"gateway_response":null}',
  ),
  failedWebhook: JSON.parse(
    '{"amount":200000,"currency":"NGN","domain":"live","failures":null,"id":69123462,"integration":{"id":100043,"is_live":true,"business_name":"Paystack"},"reason":"Enjoy","reference":"1976435206","source":"balance","source_details":null,"status":"failed","titan_code":null,"transfer_code":"TRF_chs98y5rykjb47w","transferred_at":null,"recipient":{},"session":{"provider":"nip","id":"74849400998877667"},"created_at":"2021-11-08T19:56:03.000Z","updated_at":"2021-11-08T19:57:50.000Z"}',
  ),
}
