// Pictures for the map's own layers, drawn here so that nothing is fetched: base, candidate, airport, hatching.

import type { Map as MapLibre } from 'maplibre-gl'
import { colour } from './colours'

const SCALE = 2 // drawn double for sharp screens

type Draw = (pen: CanvasRenderingContext2D, size: number) => void

function picture(size: number, draw: Draw): ImageData {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = size * SCALE
  const pen = canvas.getContext('2d', { willReadFrequently: true })!
  pen.scale(SCALE, SCALE)
  draw(pen, size)
  return pen.getImageData(0, 0, canvas.width, canvas.height)
}

const base = (fill: string): Draw => (pen, size) => {
  pen.fillStyle = fill
  pen.strokeStyle = colour('halo')
  pen.lineWidth = 1.5
  pen.beginPath()
  pen.roundRect(2, 2, size - 4, size - 4, 3)
  pen.fill()
  pen.stroke()
}

const candidate: Draw = (pen, size) => {
  pen.strokeStyle = colour('candidate')
  pen.lineWidth = 1.5
  pen.setLineDash([2, 2])
  pen.strokeRect(3, 3, size - 6, size - 6)
}

const sign = (fill: string, corners: number): Draw => (pen, size) => {
  const c = size / 2
  pen.fillStyle = fill
  pen.strokeStyle = colour('halo')
  pen.lineWidth = 1.5
  pen.beginPath()
  if (corners === 0) pen.arc(c, c, c - 2, 0, 2 * Math.PI)
  for (let k = 0; k < corners; k++) {
    const angle = (2 * Math.PI * k) / corners
    pen.lineTo(c + (c - 1) * Math.sin(angle), c - (c - 1) * Math.cos(angle))
  }
  pen.closePath()
  pen.fill()
  pen.stroke()
}

const airport: Draw = (pen, size) => {
  const c = size / 2
  pen.strokeStyle = colour('airport')
  pen.fillStyle = colour('airport')
  pen.lineWidth = 1.5
  pen.beginPath()
  pen.arc(c, c, c - 2, 0, 2 * Math.PI)
  pen.stroke()
  pen.beginPath() // an aeroplane seen from above
  for (const [x, y] of [[0, -6], [1, -2.5], [6, 1], [6, 2.5], [1, 1], [0.8, 4], [2.5, 5.5], [2.5, 6.5], [0, 6]]) {
    pen.lineTo(c + x!, c + y!)
  }
  for (const [x, y] of [[-2.5, 6.5], [-2.5, 5.5], [-0.8, 4], [-1, 1], [-6, 2.5], [-6, 1], [-1, -2.5]]) {
    pen.lineTo(c + x!, c + y!)
  }
  pen.fill()
}

const hatch = (ink: string, width: number): Draw => (pen, size) => {
  pen.strokeStyle = ink
  pen.lineWidth = width
  pen.beginPath()
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift - 2, size + 2)
    pen.lineTo(shift + size + 2, -2)
  }
  pen.stroke()
}

export function addImages(map: MapLibre): void {
  const all: [name: string, size: number, draw: Draw][] = [
    ['base', 22, base(colour('base'))],
    ['base-empty', 22, base(colour('base-empty'))],
    ['candidate', 14, candidate],
    ['airport', 20, airport],
    ['plan-a', 24, sign(colour('plan-a'), 0)],
    ['plan-b', 16, sign(colour('plan-b'), 4)],
    ['hatch', 12, hatch(colour('zone'), 2)],
    ['hatch-idle', 12, hatch(colour('zone-idle'), 1)],
  ]
  for (const [name, size, draw] of all) {
    const image = picture(size, draw)
    if (map.hasImage(name)) map.updateImage(name, image)
    else map.addImage(name, image, { pixelRatio: SCALE })
  }
}
