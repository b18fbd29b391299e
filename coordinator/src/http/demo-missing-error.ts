/** There is nothing to show in the demo's folder. */
export class DemoMissingError extends Error {
  override readonly name = 'DemoMissingError';
}
