import { encodeParameters, limits } from '@chorale/protocol';
import { initialParameters } from '../rounds/model.ts';
import type { TrainingClient } from '../rounds/seats.ts';
import type { StudyOptions, TrainedStudy } from '../rounds/study-rounds.ts';
import type { ControlMessage } from './control-message.ts';

type Tell = Extract<ControlMessage, { type: 'tell' }>;
type Options = {
  study: TrainedStudy;
  store: StudyOptions['store'];
  log: StudyOptions['log'];
  /** The connection that speaks for a participant here. */
  clientOf: (participant: string) => TrainingClient | undefined;
};
type Model = { modelRound: number; bytes: Uint8Array<ArrayBuffer> };

/** Passes on to clients of this node what the owner of the rounds has to tell them, with the model from the store. */
export class ToldClients {
  readonly #options: Options;
  #model: Model | null = null;
  /** In order: an invitation waits for its model. */
  #telling: Promise<void> = Promise.resolve();

  constructor(options: Options) {
    this.#options = options;
  }

  tell(message: Tell): void {
    this.#telling = this.#telling.then(() => this.#tell(message));
  }

  /** Resolves after all that was to be told so far. */
  settled(): Promise<void> {
    return this.#telling;
  }

  /** The model that is in the store; it is not read anew where that one is known already. */
  async presentModel(modelRound: number): Promise<Model> {
    if (this.#model?.modelRound === modelRound) return this.#model;
    const { study, store } = this.#options;
    const { manifest, hash } = study;
    const latest = await store.latestModel(manifest.id);
    const parameters = latest?.parameters ?? initialParameters(manifest.training, hash);
    this.#model = { modelRound: latest?.modelRound ?? 0, bytes: encodeParameters(parameters) };
    return this.#model;
  }

  async #tell({ participants, event, message }: Tell): Promise<void> {
    const told = event === 'round' ? await this.#withModel(message) : message;
    if (told === null) return;
    // Made by the owner, which is this program: the shape is that of the event.
    for (const participant of participants) this.#options.clientOf(participant)?.emit(event, told as never);
  }

  async #withModel(message: Record<string, unknown>): Promise<object | null> {
    const { study, log } = this.#options;
    try {
      const { modelRound, bytes } = await this.presentModel(Number(message['modelRound']));
      // Another model is there already: the round is over, unless updates count from one model to the next.
      const isAny = study.manifest.training.asynchronous !== undefined && message['kind'] === 'train';
      if (modelRound !== message['modelRound'] && !isAny) return null;
      return { ...message, modelRound, model: bytes.length <= limits.bulkBytes ? bytes : null };
    } catch (error) {
      log.error({ study: study.manifest.id, err: error }, 'the model of a round could not be read');
      return null;
    }
  }
}
