import assert from 'node:assert/strict'
import { test } from 'node:test'
import { figure, gapWords, shareWords } from '../src/planner/figures.ts'

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
