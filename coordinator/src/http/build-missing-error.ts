/** A folder that should be served has not been built. */
export class BuildMissingError extends Error {
  override readonly name = 'BuildMissingError';
}
