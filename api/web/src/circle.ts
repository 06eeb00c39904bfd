// A circle on the earth as a ring that a map can draw.

const EARTH_RADIUS_M = 6_371_008.8
const CORNERS = 96

/** Longitude and latitude in degrees. */
export type Pair = [number, number]

/** A circle on the sphere: near enough to the ellipsoid's for the eye. */
export function round([lon, lat]: Pair, radius_m: number): Pair[] {
  const [phi, lambda, far] = [radians(lat), radians(lon), radius_m / EARTH_RADIUS_M]
  const ring = Array.from({ length: CORNERS }, (_, k): Pair => {
    const course = (-2 * Math.PI * k) / CORNERS
    const there = Math.asin(Math.sin(phi) * Math.cos(far) + Math.cos(phi) * Math.sin(far) * Math.cos(course))
    const turn = Math.atan2(Math.sin(course) * Math.sin(far) * Math.cos(phi), Math.cos(far) - Math.sin(phi) * Math.sin(there))
    return [degrees(lambda + turn), degrees(there)]
  })
  return [...ring, ...ring.slice(0, 1)]
}

const radians = (deg: number): number => (deg * Math.PI) / 180
const degrees = (rad: number): number => (rad * 180) / Math.PI
