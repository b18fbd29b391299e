import { encodeParameters } from '@chorale/protocol';

/** A study's model, and the bytes in which it is sent: one copy for all, however many clients come and go. */
export class PresentModel {
  #parameters: Float32Array<ArrayBuffer>;
  #bytes: Uint8Array<ArrayBuffer> | null = null;

  constructor(parameters: Float32Array<ArrayBuffer>) {
    this.#parameters = parameters;
  }

  get parameters(): Float32Array<ArrayBuffer> {
    return this.#parameters;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return (this.#bytes ??= encodeParameters(this.#parameters));
  }

  replace(parameters: Float32Array<ArrayBuffer>): void {
    this.#parameters = parameters;
    this.#bytes = null;
  }
}
