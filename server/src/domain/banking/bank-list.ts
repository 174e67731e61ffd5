import type { Currency } from '../../base/money.ts'

/** A bank or a mobile money operator that accounts are kept with. */
export interface Bank {
  /** The number it is published under, else one of ours from 10001 on. */
  id: number
  name: string
  slug: string
  /** What an account is given with: a sort code, a clearing code, a name of an operator. */
  code: string
  /** The same in a longer form; empty where there is none. */
  longcode: string
  country: 'Ghana' | 'Kenya' | 'Nigeria' | 'South Africa'
  currency: Currency
  type: 'nuban' | 'ghipss' | 'kepss' | 'basa' | 'mobile_money' | 'mobile_money_business'
  /** How a direct debit mandate reaches it, where it can. */
  gateway: 'emandate' | 'ibank' | 'digitalbankmandate' | null
  /** People can pay out of it: in the bank's own pages, or by transfer to an account made for the payment. */
  payBy: 'bank' | 'transfer' | null
  /** Its code in Nigeria's instant payments; null elsewhere. */
  nipCode: string | null
  /** Whose accounts can be validated, in South Africa; empty elsewhere. */
  validates: readonly ('business' | 'personal')[]
}

type Nigerian = [
  id: number,
  name: string,
  slug: string,
  code: string,
  longcode: string,
  gateway: Bank['gateway'],
  payBy: Bank['payBy'],
  nipCode: string | null,
]
type Named = [name: string, slug: string, code: string]

const nigerian: Nigerian[] = [
  [1, 'Access Bank', 'access-bank', '044', '044150149', 'emandate', null, '000014'],
  [3, 'Access Bank (Diamond)', 'access-bank-diamond', '063', '063150162', 'emandate', null, '000005'],
  [495, 'Accion Microfinance Bank', 'accion-microfinance-bank-ng', '602', '', 'emandate', null, '090134'],
  [302, '9mobile 9Payment Service Bank', '9mobile-9payment-service-bank-ng', '120001', '120001', null, null, '120001'],
  [174, 'Abbey Mortgage Bank', 'abbey-mortgage-bank-ng', '404', '', null, null, '070010'],
  [300, 'Airtel Smartcash PSB', 'airtel-smartcash-psb-ng', '120004', '120004', null, null, '120004'],
  [27, 'ALAT by WEMA', 'alat-by-wema', '035A', '035150103', 'emandate', null, '000017'],
  [179, 'Amju Unique MFB', 'amju-unique-mfb', '50926', '511080896', null, null, null],
  [63, 'ASO Savings and Loans', 'asosavings', '401', '', null, null, '090001'],
  [181, 'Bainescredit MFB', 'bainescredit-mfb', '51229', '', null, null, null],
  [108, 'Bowen Microfinance Bank', 'bowen-microfinance-bank', '50931', '', null, null, null],
  [82, 'Carbon', 'carbon', '565', '', null, null, '100026'],
  [74, 'CEMCS Microfinance Bank', 'cemcs-microfinance-bank', '50823', '', null, null, null],
  [
    284,
    'Chanelle Microfinance Bank Limited',
    'chanelle-microfinance-bank-limited-ng',
    '50171',
    '50171',
    null,
    null,
    null,
  ],
  [2, 'Citibank Nigeria', 'citibank-nigeria', '023', '023150005', null, null, '000009'],
  [173, 'Coronation Merchant Bank', 'coronation-merchant-bank', '559', '', null, null, '060001'],
  [637, 'Dot Microfinance Bank', 'dot-microfinance-bank-ng', '50162', '', null, null, null],
  [4, 'Ecobank Nigeria', 'ecobank-nigeria', '050', '050150010', null, null, '000010'],
  [64, 'Ekondo Microfinance Bank', 'ekondo-microfinance-bank-ng', '098', '', null, null, null],
  [167, 'Eyowo', 'eyowo', '50126', '', null, null, null],
  [677, 'Fairmoney Microfinance Bank', 'fairmoney-microfinance-bank-ng', '51318', '', null, null, '090551'],
  [6, 'Fidelity Bank', 'fidelity-bank', '070', '070150003', 'emandate', null, '000007'],
  [177, 'Firmus MFB', 'firmus-mfb', '51314', '', null, null, null],
  [7, 'First Bank of Nigeria', 'first-bank-of-nigeria', '011', '011151003', 'ibank', null, '000016'],
  [8, 'First City Monument Bank', 'first-city-monument-bank', '214', '214150018', 'emandate', null, '000003'],
  [112, 'FSDH Merchant Bank Limited', 'fsdh-merchant-bank-limited', '501', '', null, null, '400001'],
  [287, 'Gateway Mortgage Bank LTD', 'gateway-mortgage-bank', '812', '', null, null, null],
  [70, 'Globus Bank', 'globus-bank', '00103', '103015001', null, null, '000027'],
  [183, 'GoMoney', 'gomoney', '100022', '', null, null, '100022'],
  [633, 'Greenwich Merchant Bank', 'greenwich-merchant-bank-ng', '562', '', null, null, null],
  [9, 'Guaranty Trust Bank', 'guaranty-trust-bank', '058', '058152036', 'ibank', 'bank', '000013'],
  [111, 'Hackman Microfinance Bank', 'hackman-microfinance-bank', '51251', '', null, null, null],
  [81, 'Hasal Microfinance Bank', 'hasal-microfinance-bank', '50383', '', null, null, null],
  [301, 'HopePSB', 'hopepsb-ng', '120002', '120002', null, null, '120002'],
  [168, 'Ibile Microfinance Bank', 'ibile-mfb', '51244', '', null, null, null],
  [172, 'Infinity MFB', 'infinity-mfb', '50457', '', null, null, null],
  [22, 'Jaiz Bank', 'jaiz-bank', '301', '301080020', null, null, '000006'],
  [11, 'Keystone Bank', 'keystone-bank', '082', '082150017', null, null, '000002'],
  [184, 'Kredi Money MFB LTD', 'kredi-money-mfb', '50200', '', null, null, null],
  [67, 'Kuda Bank', 'kuda-bank', '50211', '', 'digitalbankmandate', 'bank', '090267'],
  [109, 'Lagos Building Investment Company Plc.', 'lbic-plc', '90052', '', null, null, null],
  [180, 'Links MFB', 'links-mfb', '50549', '', null, null, null],
  [233, 'Lotus Bank', 'lotus-bank', '303', '', null, null, '000029'],
  [175, 'Mayfair MFB', 'mayfair-mfb', '50563', '', null, null, null],
  [178, 'Mint MFB', 'mint-mfb', '50304', '', null, null, null],
  [680, 'Moniepoint MFB', 'moniepoint-mfb-ng', '50515', '', null, null, '090405'],
  [303, 'MTN Momo PSB', 'mtn-momo-psb-ng', '120003', '120003', null, null, '120003'],
  [171, 'OPay Digital Services Limited (OPay)', 'paycom', '999992', '', null, null, '100004'],
  [185, 'Paga', 'paga', '100002', '', null, null, '100002'],
  [169, 'PalmPay', 'palmpay', '999991', '', null, null, '100033'],
  [26, 'Parallex Bank', 'parallex-bank', '104', '', null, null, '000030'],
  [110, 'Parkway - ReadyCash', 'parkway-ready-cash', '311', '', null, null, null],
  [13, 'Polaris Bank', 'polaris-bank', '076', '076151006', null, null, '000008'],
  [304, 'PremiumTrust Bank', 'premiumtrust-bank-ng', '105', '000031', null, null, '000031'],
  [25, 'Providus Bank', 'providus-bank', '101', '', null, null, '000023'],
  [176, 'Rand Merchant Bank', 'rand-merchant-bank', '502', '', null, null, '000024'],
  [69, 'Rubies MFB', 'rubies-mfb', '125', '', null, null, '090175'],
  [286, 'Safe Haven MFB', 'safe-haven-mfb-ng', '51113', '51113', null, null, '090286'],
  [72, 'Sparkle Microfinance Bank', 'sparkle-microfinance-bank', '51310', '', null, null, '090325'],
  [14, 'Stanbic IBTC Bank', 'stanbic-ibtc-bank', '221', '221159522', null, null, '000012'],
  [15, 'Standard Chartered Bank', 'standard-chartered-bank', '068', '068150015', null, null, '000021'],
  [285, 'Stellas MFB', 'stellas-mfb', '51253', '', null, null, null],
  [16, 'Sterling Bank', 'sterling-bank', '232', '232150016', 'emandate', null, '000001'],
  [23, 'Suntrust Bank', 'suntrust-bank', '100', '', null, null, '000022'],
  [68, 'TAJ Bank', 'taj-bank', '302', '', null, null, '000026'],
  [186, 'Tangerine Money', 'tangerine-money', '51269', '', null, null, null],
  [73, 'Titan Bank', 'titan-bank', '102', '', null, null, '000025'],
  [629, 'Titan Paystack', 'titan-paystack', '100039', '', null, 'transfer', null],
  [17, 'Union Bank of Nigeria', 'union-bank-of-nigeria', '032', '032080474', 'emandate', null, '000018'],
  [18, 'United Bank For Africa', 'united-bank-for-africa', '033', '033153513', 'emandate', null, '000004'],
  [19, 'Unity Bank', 'unity-bank', '215', '215154097', 'emandate', null, '000011'],
  [71, 'VFD Microfinance Bank Limited', 'vfd', '566', '', null, null, '090110'],
  [20, 'Wema Bank', 'wema-bank', '035', '035150103', null, 'transfer', '000017'],
  [21, 'Zenith Bank', 'zenith-bank', '057', '057150013', 'emandate', 'bank', '000015'],
]

const southAfrican: [id: number, name: string, slug: string, code: string, validates: Bank['validates']][] = [
  [140, 'Absa Bank Limited, South Africa', 'absa-za', '632005', ['business', 'personal']],
  [141, 'African Bank Limited', 'african-bank-za', '430000', ['business', 'personal']],
  [143, 'Bidvest Bank Limited', 'bidvest-bank-za', '462005', []],
  [146, 'Capitec Bank Limited', 'capitec-bank-za', '470010', ['personal']],
  [147, 'Discovery Bank Limited', 'discovery-bank-za', '679000', ['business', 'personal']],
  [151, 'First National Bank', 'first-national-bank-za', '250655', ['business', 'personal']],
  [152, 'Grindrod Bank', 'grindrod-bank-za', '584000', ['business', 'personal']],
  [153, 'Investec Bank Ltd', 'investec-bank-za', '580105', ['business', 'personal']],
  [157, 'Nedbank', 'nedbank-za', '198765', ['business', 'personal']],
  [161, 'SASFIN Bank', 'sasfin-bank-za', '683000', ['business', 'personal']],
  [163, 'Standard Bank South Africa', 'standard-bank-za', '051001', ['business', 'personal']],
  [165, 'TymeBank', 'tymebank-za', '678910', ['business', 'personal']],
]

const ghanaian: Named[] = [
  ['Absa Bank Ghana Ltd', 'absa-bank-ghana-ltd', '030100'],
  ['Access Bank', 'access-bank-gh', '280100'],
  ['ADB Bank Limited', 'adb-bank-limited', '080100'],
  ['ARB Apex Bank', 'arb-apex-bank', '070101'],
  ['Bank of Africa Ghana', 'bank-of-africa-ghana', '210100'],
  ['Bank of Ghana', 'bank-of-ghana', '010100'],
  ['CAL Bank Limited', 'cal-bank-limited', '140100'],
  ['Consolidated Bank Ghana Limited', 'consolidated-bank-ghana-limited', '340100'],
  ['Ecobank Ghana Limited', 'ecobank-ghana-limited', '130100'],
  ['FBNBank Ghana Limited', 'fbnbank-ghana-limited', '200100'],
  ['Fidelity Bank Ghana Limited', 'fidelity-bank-ghana-limited', '240100'],
  ['First Atlantic Bank Limited', 'first-atlantic-bank-limited', '170100'],
  ['First National Bank Ghana Limited', 'first-national-bank-ghana-limited', '330100'],
  ['GCB Bank Limited', 'gcb-bank-limited', '040100'],
  ['Guaranty Trust Bank (Ghana) Limited', 'guaranty-trust-bank-ghana-limited', '230100'],
  ['National Investment Bank Limited', 'national-investment-bank-limited', '050100'],
  ['OmniBSIC Bank', 'omnibsic-bank', '360100'],
  ['Prudential Bank Limited', 'prudential-bank-limited', '180100'],
  ['Republic Bank (GH) Limited', 'republic-bank-gh-limited', '110100'],
  ['Société Générale Ghana Limited', 'societe-generale-ghana-limited', '090100'],
  ['Stanbic Bank Ghana Limited', 'stanbic-bank-ghana-limited', '190100'],
  ['Standard Chartered Bank Ghana Limited', 'standard-chartered-bank-ghana-limited', '020100'],
  ['United Bank for Africa Ghana Limited', 'united-bank-for-africa-ghana-limited', '060100'],
  ['Universal Merchant Bank Ghana Limited', 'universal-merchant-bank-ghana-limited', '100100'],
  ['Zenith Bank Ghana', 'zenith-bank-ghana', '120100'],
]

const ghanaianOperators: Named[] = [
  ['AirtelTigo', 'atl-mobile-money', 'ATL'],
  ['MTN', 'mtn-mobile-money', 'MTN'],
  ['Telecel', 'telecel-mobile-money', 'VOD'],
]

const kenyan: Named[] = [
  ['Absa Bank Kenya', 'absa-bank-kenya-ke', '03'],
  ['Bank of Africa Kenya', 'bank-of-africa-kenya-ke', '19'],
  ['Citibank N.A. Kenya', 'citibank-kenya-ke', '16'],
  ['Consolidated Bank of Kenya', 'consolidated-bank-of-kenya-ke', '23'],
  ['Co-operative Bank of Kenya', 'co-operative-bank-of-kenya-ke', '11'],
  ['Credit Bank', 'credit-bank-ke', '25'],
  ['Diamond Trust Bank Kenya', 'diamond-trust-bank-kenya-ke', '63'],
  ['Equity Bank Kenya', 'equity-bank-kenya-ke', '68'],
  ['Family Bank', 'family-bank-ke', '70'],
  ['Guaranty Trust Bank Kenya', 'guaranty-trust-bank-kenya-ke', '53'],
  ['Gulf African Bank', 'gulf-african-bank-ke', '72'],
  ['HFC', 'hfc-ke', '61'],
  ['I&M Bank Kenya', 'im-bank-kenya-ke', '57'],
  ['KCB Bank Kenya', 'kcb-bank-kenya-ke', '01'],
  ['Middle East Bank Kenya', 'middle-east-bank-kenya-ke', '18'],
  ['National Bank of Kenya', 'national-bank-of-kenya-ke', '12'],
  ['NCBA Bank Kenya', 'ncba-bank-kenya-ke', '07'],
  ['Prime Bank', 'prime-bank-ke', '10'],
  ['Sidian Bank', 'sidian-bank-ke', '66'],
  ['Stanbic Bank Kenya', 'stanbic-bank-kenya-ke', '31'],
  ['Standard Chartered Bank Kenya', 'standard-chartered-bank-kenya-ke', '02'],
  ['Victoria Commercial Bank', 'victoria-commercial-bank-ke', '54'],
]

const kenyanOperators: Named[] = [
  ['Airtel Money', 'airtel-money-ke', 'ATL_KE'],
  ['M-PESA', 'mpesa-ke', 'MPESA'],
  ['M-PESA Till', 'mpesa-till-ke', 'MPTILL'],
  ['M-PESA Paybill', 'mpesa-paybill-ke', 'MPPAYBILL'],
]

/** What most of them have in common. */
const plain = { longcode: '', gateway: null, payBy: null, nipCode: null, validates: [] } as const

/** Whose numbers are not published have one of ours, counted from 10001 in the order they stand in. */
function numbered(from: number, named: Named[], rest: Pick<Bank, 'country' | 'currency' | 'type'>): Bank[] {
  return named.map(([name, slug, code], i) => ({ ...plain, id: from + i, name, slug, code, ...rest }))
}

const ghana = { country: 'Ghana', currency: 'GHS' } as const
const kenya = { country: 'Kenya', currency: 'KES' } as const

/** The banks of Nigeria, Ghana, Kenya and South Africa that most people have an account with, by name. */
export const banks: readonly Bank[] = [
  ...nigerian.map(([id, name, slug, code, longcode, gateway, payBy, nipCode]): Bank => {
    const own = { id, name, slug, code, longcode, gateway, payBy, nipCode }
    return { ...plain, ...own, country: 'Nigeria', currency: 'NGN', type: 'nuban' }
  }),
  ...southAfrican.map(([id, name, slug, code, validates]): Bank => {
    const own = { id, name, slug, code, longcode: code, validates }
    return { ...plain, ...own, country: 'South Africa', currency: 'ZAR', type: 'basa' }
  }),
  ...numbered(10_001, ghanaian, { ...ghana, type: 'ghipss' }),
  ...numbered(10_101, ghanaianOperators, { ...ghana, type: 'mobile_money' }),
  ...numbered(10_201, kenyan, { ...kenya, type: 'kepss' }),
  ...numbered(10_301, kenyanOperators.slice(0, 2), { ...kenya, type: 'mobile_money' }),
  ...numbered(10_303, kenyanOperators.slice(2), { ...kenya, type: 'mobile_money_business' }),
].sort((a, b) => (a.name < b.name ? -1 : 1))
