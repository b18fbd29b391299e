type End = number | 'Infinity' | '-Infinity';

/** An interval as it is written: square brackets include an end, round ones leave it out. */
type IntervalText = `${'[' | '('}${End}, ${End}${']' | ')'}`;

/**
 * Messages name the argument, the rule and the value: `epsilon must be in (0, 20], got 21`.
 *
 * @param kind an integer below 2**53, or any number unless given
 * @throws {RangeError} for a value outside the interval or of another kind, and always for NaN
 */
export function checkIn(name: string, value: number, interval: IntervalText, kind: '' | 'an integer ' = ''): void {
  const [low, high] = interval.slice(1, -1).split(', ').map(Number) as [number, number];
  const isClosedBelow = interval.startsWith('[');
  const isClosedAbove = interval.endsWith(']');
  const isInside = value >= low && value <= high && (isClosedBelow || value > low) && (isClosedAbove || value < high);
  if (isInside && (kind === '' || Number.isSafeInteger(value))) return;
  // Words where one end alone says it: `finite and > 0` for (0, Infinity), `an integer >= 1` for [1, Infinity).
  const words = kind || isClosedAbove ? kind : 'finite and ';
  const rule = high < Infinity ? `${kind}in ${interval}` : `${words}${isClosedBelow ? '>=' : '>'} ${low}`;
  throw new RangeError(`${name} must be ${rule}, got ${value}`);
}

/** As `checkIn`, for an integer. */
export function checkInteger(name: string, value: number, interval: IntervalText): void {
  checkIn(name, value, interval, 'an integer ');
}

/** The index itself. @throws {RangeError} unless it is an integer in 0 .. length - 1 */
export function checkIndex(name: string, index: number, length: number): number {
  // Taken apart, the interval's text would cost more than a draw.
  if (!(Number.isInteger(index) && index >= 0 && index < length)) checkInteger(name, index, `[0, ${length - 1}]`);
  return index;
}

/** @throws {RangeError} unless all numbers of the list are finite */
export function checkFinite(name: string, list: ArrayLike<number>): void {
  // Holes are no numbers either.
  for (let index = 0; index < list.length; index += 1) {
    if (!Number.isFinite(list[index])) throw new RangeError(`${name}[${index}] must be finite, got ${list[index]}`);
  }
}

type NamedNumbers = Readonly<Record<string, number>>;

function checkEach(values: NamedNumbers, interval: IntervalText, kind?: 'an integer '): void {
  for (const [name, value] of Object.entries(values)) checkIn(name, value, interval, kind);
}

/** Each of the named numbers: finite and > 0, or a RangeError. */
export function checkPositive(values: NamedNumbers): void {
  checkEach(values, '(0, Infinity)');
}

/** Each of the named numbers: an integer >= 1, or a RangeError. */
export function checkPositiveInteger(values: NamedNumbers): void {
  checkEach(values, '[1, Infinity)', 'an integer ');
}

/** Each of the named numbers: in (0, 1), or a RangeError. */
export function checkProbability(values: NamedNumbers): void {
  checkEach(values, '(0, 1)');
}

/** @throws {RangeError} unless the value is one of the choices */
export function checkOneOf(name: string, value: string, ...choices: readonly string[]): void {
  if (!choices.includes(value)) throw new RangeError(`${name} must be ${choices.join(' or ')}, got ${value}`);
}

/** @throws {RangeError} unless the list holds so many numbers */
export function checkLength(name: string, list: ArrayLike<unknown>, length: number): void {
  if (list.length !== length) throw new RangeError(`${name} must hold ${length} numbers, got ${list.length}`);
}

/** @throws {RangeError} unless it is such an array of that length; other lists would wrap, or hold no integers */
export function checkArray(
  name: string,
  list: ArrayLike<number>,
  type: Int32ArrayConstructor | Uint32ArrayConstructor,
  length: number,
): void {
  if (!(list instanceof type)) throw new RangeError(`${name} must be of type ${type.name}, got ${typeof list}`);
  checkLength(name, list, length);
}

/**
 * Counts of reports, expected ones included, which need not be integers.
 *
 * @throws {RangeError} unless there are `length` of them from 0 to `most`, rounding aside
 */
export function checkCounts(name: string, counts: ArrayLike<number>, length: number, most = Infinity): void {
  checkLength(name, counts, length);
  for (const count of Array.from(counts)) {
    if (!(count >= 0 && count <= most * (1 + 1e-9))) checkIn(name, count, `[0, ${most}]`);
  }
}

/** @throws {RangeError} as `checkCounts`, and unless their sum is finite and > 0 */
export function sumOfCounts(counts: ArrayLike<number>, length: number): number {
  checkCounts('counts', counts, length);
  const sum = Array.from(counts).reduce((total, count) => total + count, 0);
  checkIn('sum of counts', sum, '(0, Infinity)');
  return sum;
}
