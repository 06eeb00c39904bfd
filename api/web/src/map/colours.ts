// The map takes its colours from the theme (style/theme.css), so that there is one place for them.

const NAMES = [
  'ground', 'city', 'boundary', 'reach', 'zone', 'zone-idle', 'zone-inside', 'zone-label', 'route', 'route-home', 'route-casing', 'base', 'base-ink',
  'base-empty', 'candidate', 'airport', 'label', 'label-soft', 'halo', 'water', 'green', 'building', 'road',
  'road-major', 'rail', 'patrol', 'plan-a', 'plan-b',
] as const

export type ColourName = (typeof NAMES)[number]

const table = Object.fromEntries(NAMES.map((name) => [name, '#888'])) as Record<ColourName, string>

export function readColours(): void {
  const style = getComputedStyle(document.documentElement)
  for (const name of NAMES) table[name] = style.getPropertyValue(`--map-${name}`).trim() || '#888'
}

export const colour = (name: ColourName): string => table[name]
