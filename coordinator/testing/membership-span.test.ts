import { expect, it } from 'vitest';
import { MembershipSpan } from './membership-span.ts';

const random = () => 0.5;

it('knows who is alone in a combination', () => {
  // The second and third set less the first leave one person each, of whom the fourth set holds one.
  const span = new MembershipSpan([
    [1, 1, 0, 0],
    [1, 1, 1, 0],
    [1, 1, 0, 1],
    [0, 0, 1, 1],
  ]);
  expect(span.rank).toBe(3);
  expect(span.isolated).toBe(2);
  expect(span.sparsest({ tries: 1, random })).toBe(1);
});

it('finds a small combination of several sets', () => {
  // First less second plus third less fourth: the people of the last two columns.
  const span = new MembershipSpan([
    [1, 1, 0, 0, 0, 0, 1, 0],
    [0, 1, 1, 0, 0, 0, 0, 0],
    [0, 0, 1, 1, 0, 1, 0, 0],
    [1, 0, 0, 1, 0, 1, 0, 1],
  ]);
  expect(span.isolated).toBe(0);
  expect(span.sparsest({ tries: 20, random: Math.random })).toBe(2);
});

it('finds nothing smaller than the sets where these are apart', () => {
  const span = new MembershipSpan([
    [1, 1, 1, 0, 0, 0],
    [0, 0, 0, 1, 1, 1],
    [1, 1, 1, 1, 1, 1],
  ]);
  expect(span.rank).toBe(2);
  expect(span.sparsest({ tries: 5, random: Math.random })).toBe(3);
});
