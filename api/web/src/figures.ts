// Figures of plans and simulations as people read them.

/** Four digits, whole from 1,000 on. */
export function figure(value: number): string {
  const digits = Math.abs(value) >= 1000 ? 0 : Math.max(0, 3 - Math.floor(Math.log10(Math.max(Math.abs(value), 1e-3))))
  return value.toLocaleString('en-GB', { maximumFractionDigits: Math.min(digits, 4) })
}

/** A gap as a share; what is not closed is never told as 0. */
export function gapWords(gap: number | null): string {
  if (gap === null) return '–'
  if (gap === 0) return '0%'
  return gap < 0.0001 ? '< 0.01%' : `${(gap * 100).toFixed(2)}%`
}

/** A share of demand; what is not whole is never told as 100 %. */
export function shareWords(share: number): string {
  if (share > 0.999 && share < 1) return '> 99.9%'
  return `${(share * 100).toFixed(1)}%`
}

/** A figure with its unit, as the server names units. */
export function quantity(value: number | null, unit: string): string {
  if (value === null) return '–'
  const one = (n: number) => (Math.abs(n) < 0.05 ? '0.0' : n.toFixed(1)) // and never -0.0
  if (unit === 'share') return `${one(value * 100)}%`
  if (unit === 's') return `${one(value)} s`
  return unit === '1' ? figure(value) : `${figure(value)} ${unit}`
}

export interface Interval {
  mean: number | null
  low: number | null
  high: number | null
  replications: number
}

/** The 95 % interval of a mean; empty where one run alone told it. */
export const between = ({ low, high, replications }: Interval, unit: string): string =>
  replications < 2 ? '' : `[${quantity(low, unit)}, ${quantity(high, unit)}]`
