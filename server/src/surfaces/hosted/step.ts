import type { ChargeStep, StepAnswer } from '../../domain/payments/charge-steps.ts'
import { type Html, html, isolated } from '../http/html.ts'
import { type Faults, readText, type Sent, textField } from './form.ts'

/** The fields of the forms in which a payer answers a question. */
export type StepField = 'pin' | 'otp' | 'phone' | 'birthday' | 'address' | 'city' | 'state' | 'zip'

type StepFields = Partial<Record<StepField | 'agrees', unknown>>

/** The answer that the payer typed, or the faults of the fields; null for a step that no form answers. */
export function readAnswer(kind: ChargeStep['kind'], fields: StepFields): StepAnswer | Faults<StepField> | null {
  const text = (name: StepField) => readText(fields[name])
  switch (kind) {
    case 'pin':
      return /^\d{4}$/.test(text('pin')) ? { kind, pin: text('pin') } : { pin: 'Enter the four digits of the PIN.' }
    case 'otp':
      return /^[A-Za-z0-9]{1,20}$/.test(text('otp')) ? { kind, otp: text('otp') } : { otp: 'Enter the password.' }
    case 'phone':
      return text('phone') === '' ? { phone: 'Enter a phone number.' } : { kind, phone: text('phone') }
    case 'birthday':
      return /^\d{4}-\d{2}-\d{2}$/.test(text('birthday'))
        ? { kind, birthday: text('birthday') }
        : { birthday: 'Enter the day, such as 1990-12-31.' }
    case 'address':
      return readAddress(text)
    case 'confirmation':
      return { kind, agrees: fields.agrees === 'yes' }
    default:
      return null
  }
}

export function isAnswer(read: StepAnswer | Faults<StepField> | null): read is StepAnswer {
  return read !== null && 'kind' in read
}

const addressFaults = {
  address: 'Enter the street and the number.',
  city: 'Enter the town.',
  state: 'Enter the state or province.',
  zip: 'Enter the postal code.',
} as const

function readAddress(text: (name: StepField) => string): StepAnswer | Faults<StepField> {
  const faults = Object.fromEntries(Object.entries(addressFaults).filter(([name]) => text(name as StepField) === ''))
  if (Object.keys(faults).length > 0) return faults
  const [address, city, state, zipCode] = [text('address'), text('city'), text('state'), text('zip')]
  return { kind: 'address', address, city, state, zipCode }
}

/** What the page shows for a step: a form, or what the payer does elsewhere. A PIN and a password are never shown again. */
export function stepForm(step: ChargeStep, faults: Faults<StepField>): Html {
  const sent: Sent<StepField> = { values: {}, faults }
  switch (step.kind) {
    case 'pin':
      return form(
        html`<p>Your bank asks for the PIN of your card.</p>`,
        field('pin', 'PIN', html`type="password" inputmode="numeric" autocomplete="off" maxlength="4"`, sent),
      )
    case 'otp':
      return form(
        html`<p>${step.text}</p>`,
        field('otp', 'One-time password', html`inputmode="numeric" autocomplete="one-time-code" maxlength="20"`, sent),
      )
    case 'phone':
      return form(
        html`<p>${step.text}</p>`,
        field('phone', 'Phone number', html`type="tel" inputmode="tel" autocomplete="tel" maxlength="40"`, sent),
      )
    case 'birthday':
      return form(html`<p>${step.text}</p>`, field('birthday', 'Birthday', html`type="date" autocomplete="bday"`, sent))
    case 'address':
      return form(
        html`<p>Your bank asks for the address that it knows you by.</p>`,
        html`${field('address', 'Street and number', html`autocomplete="street-address" maxlength="40"`, sent)}
${field('city', 'Town', html`autocomplete="address-level2" maxlength="40"`, sent)}
${field('state', 'State or province', html`autocomplete="address-level1" maxlength="40"`, sent)}
${field('zip', 'Postal code', html`autocomplete="postal-code" maxlength="20"`, sent)}`,
      )
    case 'confirmation':
      return html`<form method="post">
<input type="hidden" name="method" value="step">
<p>Your bank asks: Do you agree to this payment?</p>
<button name="agrees" value="yes">Yes, pay</button>
<button class="second" name="agrees" value="no">No, do not pay</button>
</form>
`
    case 'page':
      return html`<p><a class="button" href="${step.url}">Go on to your bank</a></p>`
    case 'offline':
      return html`<p>${step.text}</p>`
    case 'transfer': {
      const { number, name, bank } = step.account
      return html`<p>${step.text}</p>
<dl><dt>Account number</dt><dd>${number}</dd><dt>Account name</dt><dd>${isolated(name)}</dd><dt>Bank</dt><dd>${isolated(bank.name)}</dd></dl>`
    }
  }
}

/** Whether the payer answers on the page itself. The page then does not look again by itself: it would empty the form. */
export function isQuestion({ kind }: ChargeStep): boolean {
  return kind !== 'page' && kind !== 'offline' && kind !== 'transfer'
}

function form(sentence: Html, fields: Html): Html {
  return html`<form method="post">
<input type="hidden" name="method" value="step">
${sentence}
${fields}<button>Go on</button>
</form>
`
}

function field(name: StepField, label: string, attributes: Html, sent: Sent<StepField>): Html {
  return textField({ name, label, attributes: html`${attributes} required` }, sent)
}
