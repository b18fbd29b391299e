import { seededRandom } from '@chorale/privacy/testing';

/** A client whose loss is sum_i curvature_i (y_i - center_i)^2 / 2: unlike others in both. */
export type QuadraticClient = { curvature: number[]; center: number[]; weight: number };

export function quadraticClients({
  clients,
  parameters,
  seed,
}: {
  clients: number;
  parameters: number;
  seed: number;
}): QuadraticClient[] {
  const random = seededRandom(seed);
  const uniform = (from: number, to: number): number => from + (to - from) * (random.nextUint32() / 2 ** 32);
  return Array.from({ length: clients }, () => ({
    curvature: Array.from({ length: parameters }, () => uniform(0.2, 2)),
    center: Array.from({ length: parameters }, () => uniform(-3, 3)),
    weight: 1 + Math.floor(uniform(0, 5)),
  }));
}

export function gradientOf({ curvature, center }: QuadraticClient, at: ArrayLike<number>): number[] {
  return curvature.map((c, i) => c * (at[i]! - center[i]!));
}

/** Where the weighted sum of the losses is smallest. */
export function optimumOf(clients: readonly QuadraticClient[]): number[] {
  return clients[0]!.center.map((_, i) => {
    const pull = clients.reduce((sum, { weight, curvature, center }) => sum + weight * curvature[i]! * center[i]!, 0);
    return pull / clients.reduce((sum, { weight, curvature }) => sum + weight * curvature[i]!, 0);
  });
}
