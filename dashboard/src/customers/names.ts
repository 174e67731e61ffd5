/** A customer of the list, as far as they have a name. */
interface Named {
  id: string
  name?: string | null
  email?: string | null
  phoneNumber: string | null
}

/** What a customer is called: the name, else how they are reached, else their code. */
export function nameOf({ id, name, email, phoneNumber }: Named): string {
  return visible(name) || visible(phoneNumber) || visible(email) || id
}

/** Letters that turn the direction of a text, or show nothing, must not disguise a name. */
export function visible(text: string | undefined | null): string {
  return (text ?? '').replace(/[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, '').trim()
}
