import { encodeParameters } from '@chorale/protocol';
import type { ServerModel } from '@chorale/training';

/** A study's model, and the bytes in which it is sent: one copy for all, however many clients come and go. */
export class PresentModel {
  #model: ServerModel;
  #bytes: Uint8Array<ArrayBuffer> | null = null;

  constructor(model: ServerModel) {
    this.#model = model;
  }

  get model(): ServerModel {
    return this.#model;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return (this.#bytes ??= encodeParameters(this.#model.parameters));
  }

  replace(model: ServerModel): void {
    this.#model = model;
    this.#bytes = null;
  }
}
