export type Question =
  | { readonly type: 'scale' | 'choice'; readonly options: number; readonly minimum?: number }
  | { readonly type: 'yesno' }
  | { readonly type: 'number'; readonly minimum: number; readonly maximum: number };
export type QuestionReport = 'favourable' | 'distribution' | 'mean';
export interface PlanOptions {
  readonly question: Question;
  readonly report: QuestionReport;
  readonly epsilon: number;
  readonly respondents: number;
  readonly questions?: number;
  readonly share?: number;
  readonly mechanism?: string;
  readonly minimumGroupSize?: number;
}
export interface Plan {
  readonly mechanism: string;
  readonly realizedEpsilon: number;
  readonly p: number | null;
  readonly q: number | null;
  readonly standardError: number;
  readonly margin95: number;
  readonly minimumRespondents: number;
  readonly verdict: string;
}
export function questionSampling(_o: { questions: number; epsilon: number }): {
  questionsPerDevice: number;
  epsilonPerQuestion: number;
} {
  throw new Error('not implemented');
}
export function planQuestion(_options: PlanOptions): Plan {
  throw new Error('not implemented');
}
