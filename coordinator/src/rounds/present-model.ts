import { encodeParameters } from '@chorale/protocol';

/** A study's model, and the bytes in which it is sent: one copy for all, however many clients come and go. */
export class PresentModel {
  #parameters: Float32Array;
  #bytes: Uint8Array<ArrayBuffer> | null = null;

  constructor(parameters: Float32Array) {
    this.#parameters = parameters;
  }

  get parameters(): Float32Array {
    return this.#parameters;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return (this.#bytes ??= encodeParameters(this.#parameters));
  }

  replace(parameters: Float32Array): void {
    this.#parameters = parameters;
    this.#bytes = null;
  }
}
