/** A matrix somewhere in an array: its first value, and how far apart the values of neighbouring rows and columns are. */
export type Matrix = { values: Float64Array; start: number; rowStride: number; columnStride: number };

/** `[rows, columns]`, row by row. */
export function rowMajor(values: Float64Array, columns: number, start = 0): Matrix {
  return { values, start, rowStride: columns, columnStride: 1 };
}

/** The same values, read the other way. */
export function transposed({ values, start, rowStride, columnStride }: Matrix): Matrix {
  return { values, start, rowStride: columnStride, columnStride: rowStride };
}

/**
 * Adds a product `[rows, inner] x [inner, columns]` to `sum`, which is row-major, in doubles.
 *
 * In tiles of four by four, whose sixteen sums stay in registers: each value that is read takes part in four products
 * (Goto and van de Geijn 2008, ACM TOMS 34(3), section 6). Walking whole rows instead, every product would wait for a
 * load and a store of its sum.
 */
export function addProduct(
  sum: Matrix,
  left: Matrix,
  right: Matrix,
  { rows, inner, columns }: { rows: number; inner: number; columns: number },
): void {
  const fullRows = rows - (rows % 4);
  const fullColumns = columns - (columns % 4);
  // Four columns of the right factor stay in the cache while all rows pass by.
  for (let column = 0; column < fullColumns; column += 4) {
    for (let row = 0; row < fullRows; row += 4) addTile(sum, left, right, row, column, inner);
    for (let row = fullRows; row < rows; row += 1) addRowTile(sum, left, right, row, column, inner);
  }
  for (let column = fullColumns; column < columns; column += 1) {
    for (let row = 0; row < rows; row += 1) addOne(sum, left, right, row, column, inner);
  }
}

function addTile(sum: Matrix, left: Matrix, right: Matrix, row: number, column: number, inner: number): void {
  const { values: a, rowStride: aRow, columnStride: aStep } = left;
  const { values: b, rowStride: bStep, columnStride: bColumn } = right;
  let i = left.start + row * aRow;
  let j = right.start + column * bColumn;
  let [s00, s01, s02, s03] = [0, 0, 0, 0];
  let [s10, s11, s12, s13] = [0, 0, 0, 0];
  let [s20, s21, s22, s23] = [0, 0, 0, 0];
  let [s30, s31, s32, s33] = [0, 0, 0, 0];
  for (let k = 0; k < inner; k += 1) {
    const a0 = a[i]!;
    const a1 = a[i + aRow]!;
    const a2 = a[i + 2 * aRow]!;
    const a3 = a[i + 3 * aRow]!;
    const b0 = b[j]!;
    const b1 = b[j + bColumn]!;
    const b2 = b[j + 2 * bColumn]!;
    const b3 = b[j + 3 * bColumn]!;
    s00 += a0 * b0;
    s01 += a0 * b1;
    s02 += a0 * b2;
    s03 += a0 * b3;
    s10 += a1 * b0;
    s11 += a1 * b1;
    s12 += a1 * b2;
    s13 += a1 * b3;
    s20 += a2 * b0;
    s21 += a2 * b1;
    s22 += a2 * b2;
    s23 += a2 * b3;
    s30 += a3 * b0;
    s31 += a3 * b1;
    s32 += a3 * b2;
    s33 += a3 * b3;
    i += aStep;
    j += bStep;
  }
  addFour(sum, row, column, s00, s01, s02, s03);
  addFour(sum, row + 1, column, s10, s11, s12, s13);
  addFour(sum, row + 2, column, s20, s21, s22, s23);
  addFour(sum, row + 3, column, s30, s31, s32, s33);
}

function addRowTile(sum: Matrix, left: Matrix, right: Matrix, row: number, column: number, inner: number): void {
  const { values: a, rowStride: aRow, columnStride: aStep } = left;
  const { values: b, rowStride: bStep, columnStride: bColumn } = right;
  let i = left.start + row * aRow;
  let j = right.start + column * bColumn;
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let k = 0; k < inner; k += 1) {
    const a0 = a[i]!;
    s0 += a0 * b[j]!;
    s1 += a0 * b[j + bColumn]!;
    s2 += a0 * b[j + 2 * bColumn]!;
    s3 += a0 * b[j + 3 * bColumn]!;
    i += aStep;
    j += bStep;
  }
  addFour(sum, row, column, s0, s1, s2, s3);
}

function addFour(
  { values, start, rowStride }: Matrix,
  row: number,
  column: number,
  s0: number,
  s1: number,
  s2: number,
  s3: number,
): void {
  const at = start + row * rowStride + column;
  values[at]! += s0;
  values[at + 1]! += s1;
  values[at + 2]! += s2;
  values[at + 3]! += s3;
}

function addOne(sum: Matrix, left: Matrix, right: Matrix, row: number, column: number, inner: number): void {
  const { values: a, rowStride: aRow, columnStride: aStep } = left;
  const { values: b, rowStride: bStep, columnStride: bColumn } = right;
  let i = left.start + row * aRow;
  let j = right.start + column * bColumn;
  let s = 0;
  for (let k = 0; k < inner; k += 1) {
    s += a[i]! * b[j]!;
    i += aStep;
    j += bStep;
  }
  sum.values[sum.start + row * sum.rowStride + column]! += s;
}
