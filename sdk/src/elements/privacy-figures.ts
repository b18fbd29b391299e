/** The largest factor by which a report or update can be likelier under one record than under another. */
export function oddsFactor(epsilon: number, locale = 'en'): string {
  const factor = Math.exp(epsilon);
  const digits = factor < 10 ? 1 : 0;
  if (factor < 1e6) {
    return factor.toLocaleString(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  }
  return powerOfTen(Math.floor(Math.log10(factor)));
}

/** `10⁻⁵`, or the number itself where it is no power of ten. */
export function formatDelta(delta: number): string {
  if (delta === 0) return '0';
  const exponent = Math.round(Math.log10(delta));
  return Math.abs(delta / 10 ** exponent - 1) > 1e-9 ? String(delta) : powerOfTen(exponent);
}

function powerOfTen(exponent: number): string {
  const digits = '⁰¹²³⁴⁵⁶⁷⁸⁹';
  return `10${exponent < 0 ? '⁻' : ''}${[...String(Math.abs(exponent))].map((digit) => digits[Number(digit)]).join('')}`;
}
