type End = number | 'Infinity' | '-Infinity' | `2**${number}`;

/** An interval as it is written: square brackets include an end, round ones leave it out. */
type Interval = `${'[' | '('}${End}, ${End}${']' | ')'}`;

/** @throws {RangeError} for a value outside the interval, and always for NaN */
export function checkIn(name: string, value: number, interval: Interval): void {
  check(name, value, interval, !Number.isNaN(value), '');
}

/** @throws {RangeError} for a value outside the interval, or no integer below 2**53 */
export function checkInteger(name: string, value: number, interval: Interval): void {
  check(name, value, interval, Number.isSafeInteger(value), 'an integer ');
}

function check(name: string, value: number, interval: Interval, isOfKind: boolean, kind: string): void {
  const [low, high] = interval.slice(1, -1).split(', ').map(endOf) as [number, number];
  const isAbove = interval.startsWith('[') ? value >= low : value > low;
  const isBelow = interval.endsWith(']') ? value <= high : value < high;
  if (isOfKind && isAbove && isBelow) return;
  // Words where one end alone says it: `finite and > 0` for (0, Infinity), `an integer >= 1` for [1, Infinity).
  const finite = kind === '' && interval.endsWith(')') ? 'finite and ' : '';
  const rule = high < Infinity ? `in ${interval}` : `${finite}${interval.startsWith('[') ? '>=' : '>'} ${low}`;
  throw new RangeError(`${name} must be ${kind}${rule}, got ${value}`);
}

function endOf(text: string): number {
  const [base, exponent = '1'] = text.split('**');
  return Number(base) ** Number(exponent);
}
