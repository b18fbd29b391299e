/** Upper bounds that both ends enforce, so that no input can exhaust the other. Bytes, items or characters. */
export const limits = {
  /** One canonical manifest, in UTF-8 bytes. */
  manifestBytes: 64 * 1024,
  /** One serialized report, in UTF-16 code units of its JSON text. */
  reportLength: 16 * 1024,
  /** One invitation token. */
  tokenLength: 2 * 1024,
  /** One socket message: a model or update of `bulkBytes`, with room for its envelope. */
  messageBytes: 128 * 1024,
  /** Largest model or update that travels on the socket, in bytes; a larger one goes over HTTP. */
  bulkBytes: 64 * 1024,
  /** Trainable parameters of one model: four bytes each must fit a message. */
  parameters: 1_000_000,
  /** Numbers of one update that is randomized and not noised. */
  randomizedNumbers: 10_000,
  /** Updates of one round that the coordinator holds in memory for a rule that looks for the middle ones. */
  heldUpdateBytes: 512 * 1024 * 1024,
  questions: 50,
  options: 50,
  /** Ten years. */
  retentionDays: 3650,
  /** Benchmarks of one survey. */
  benchmarks: 200,
  /** Different reports that one question's channel can produce; each is an integer below it. */
  outputs: 10_000,
  groups: 500,
  features: 500,
  /** Inputs of a model that is made of a Gram matrix: its eigenvalues take a core some seconds. */
  gramInputs: 500,
  /** Rows of one employee at a site, where a study says whose row each is. */
  rowsPerEmployee: 100,
  rounds: 10_000,
} as const;
