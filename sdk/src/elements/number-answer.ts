// Groups of three digits behind one kind of mark, then perhaps decimals behind the other.
const grouped = /^-?[1-9]\d{0,2}([.,])\d{3}(?:\1\d{3})*(?:(?!\1)[.,]\d+)?$/;
const plain = /^-?\d+(?:[.,]\d+)?$/;

/**
 * A typed amount as a number; `null` when nothing was typed. `4200`, `4 200`, `4,200`, `4.200,50` and
 * `4,200.50` read as a person means them: one mark before exactly three digits separates thousands. Arabic and
 * Persian digits and marks read as well.
 * @throws RangeError for text that is not one number.
 */
export function parseAmount(text: string): number | null {
  const latin = text
    .replaceAll(/[\u0660-\u0669\u06F0-\u06F9]/g, (digit) => String(digit.charCodeAt(0) % 16))
    .replaceAll('\u066B', '.')
    .replaceAll('\u066C', '');
  const compact = latin.replaceAll(/[\s'’]/g, '');
  if (compact === '') return null;
  const thousands = grouped.exec(compact)?.[1];
  if (thousands !== undefined) return Number(compact.replaceAll(thousands, '').replace(',', '.'));
  if (plain.test(compact)) return Number(compact.replace(',', '.'));
  throw new RangeError('Enter an amount in digits, such as 3200');
}
