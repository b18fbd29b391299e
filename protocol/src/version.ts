/** Version of everything two ends must agree on; a changed schema needs a new one (a test hashes them). */
export const PROTOCOL_VERSION = 1;
