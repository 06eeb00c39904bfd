import assert from 'node:assert/strict'
import { test } from 'node:test'
import { between, figure, gapWords, quantity, shareWords } from '../src/figures.ts'

test('figures keep four digits', () => {
  assert.equal(figure(9086.4), '9,086')
  assert.equal(figure(178.25), '178.3')
  assert.equal(figure(0.12345), '0.1235')
  assert.equal(figure(0), '0')
})

test('what is not proven is never told as proven', () => {
  assert.equal(gapWords(0), '0%')
  assert.equal(gapWords(0.00001), '< 0.01%')
  assert.equal(gapWords(0.0123), '1.23%')
  assert.equal(gapWords(null), '–')
})

test('what is not whole is never told as whole', () => {
  assert.equal(shareWords(1), '100.0%')
  assert.equal(shareWords(0.9999), '> 99.9%')
  assert.equal(shareWords(0.894), '89.4%')
})

test('a mean has its interval, unless one run alone told it; what is not known is a dash', () => {
  assert.equal(quantity(0.8234, 'share'), '82.3%')
  assert.equal(quantity(-0.0004, 'share'), '0.0%')
  assert.equal(quantity(205.44, 's'), '205.4 s')
  assert.equal(quantity(null, 's'), '–')
  assert.equal(between({ mean: 0.8, low: 0.818, high: 0.8281, replications: 10 }, 'share'), '[81.8%, 82.8%]')
  assert.equal(between({ mean: 205.44, low: null, high: null, replications: 1 }, 's'), '')
})
