// Groups of three digits behind one kind of mark, then perhaps decimals behind the other.
const grouped = /^-?[1-9]\d{0,2}([.,])\d{3}(?:\1\d{3})*(?:(?!\1)[.,]\d+)?$/;
const plain = /^-?\d+(?:[.,]\d+)?$/;

/**
 * A typed amount as a number; `null` when nothing was typed. `4200`, `4 200`, `4,200`, `4.200,50` and
 * `4,200.50` read as a person means them: one mark before exactly three digits separates thousands.
 * @throws RangeError for text that is not one number.
 */
export function parseAmount(text: string): number | null {
  const compact = text.replaceAll(/[\s'’]/g, '');
  if (compact === '') return null;
  const thousands = grouped.exec(compact)?.[1];
  if (thousands !== undefined) return Number(compact.replaceAll(thousands, '').replace(',', '.'));
  if (plain.test(compact)) return Number(compact.replace(',', '.'));
  throw new RangeError('Enter an amount in digits, such as 3200');
}
