import { type ExactNumber, exactSource } from '../../topology/words/json.ts'

/**
 * One text for one number, however it is spelled: its digits without zeros at either end, and the power of ten of the last one.
 * `1`, `1.0` and `10e-1` give `1e0`; every zero gives `0`. Costs memory by the length of the text, never by the size of the number.
 */
export const decimalOf = (number: number | ExactNumber): string =>
  decimalOfText(typeof number === 'number' ? String(number) : exactSource(number))

const decimalOfText = (text: string): string => {
  const sign = text.startsWith('-') ? '-' : ''
  const [mantissa = '', exponent = '0'] = text.slice(sign.length).split(/[eE]/)
  const [whole = '', fraction = ''] = mantissa.split('.')
  const digits = whole + fraction
  let first = 0
  while (digits[first] === '0') first++
  if (first === digits.length) return '0'
  let end = digits.length
  while (digits[end - 1] === '0') end--
  return `${sign}${digits.slice(first, end)}e${power(exponent, digits.length - end - fraction.length)}`
}

/** Exponents of over 15 digits, which PostgreSQL refuses, are not added up: equal ones are those that shift by the same. */
const power = (exponent: string, shift: number): string => {
  const [, sign = '', digits = ''] = /^([+-]?)0*(\d*)$/.exec(exponent) ?? []
  return digits.length <= 15
    ? String(Number(sign + (digits || '0')) + shift)
    : `${sign.replace('+', '')}${digits}+${shift}`
}
