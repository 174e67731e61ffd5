/** The nonce that this answer of the server allows for styles that libraries write. */
export const nonce = document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce ?? ''

// The library that keeps the page behind a panel from scrolling asks for it under this name.
Object.assign(globalThis, { __webpack_nonce__: nonce })
