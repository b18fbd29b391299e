import { expect, it } from 'vitest';
import { pulseStudy, questions } from '../../testing/pulse-study.ts';
import { runCoordinator } from '../../testing/running-coordinator.ts';

/**
 * Who gets something that is derived from what people did, by route: whoever adds one has to say of whom it tells. Those of
 * answers are what `surveys/wave-attack.test.ts` attacks: as files, which hold what pages and commands show.
 */
const ROUTES: Record<string, readonly string[]> = {
  answers: [
    'get /api/v1/studies/{id}/results',
    'get /api/v1/studies/{id}/export.csv',
    'get /api/v1/studies/{id}/export.json',
    'get /api/v1/studies/{id}/drivers',
    'get /api/v1/studies/{id}/drivers/export.csv',
    'get /api/v1/studies/{id}/drivers/export.json',
    'get /api/v1/series/{id}',
    'get /api/v1/series/{id}/export.csv',
    'get /api/v1/series/{id}/export.json',
  ],
  // Voices: how many reports a study has.
  headcounts: ['get /api/v1/studies', 'get /api/v1/series'],
  // Entries about releases have voices, blocks and a hash of all released counts; files' entries have theirs.
  log: ['get /api/v1/log', 'get /api/v1/log/head', 'post /api/v1/studies/{id}/evidence'],
  // Released sums of noised updates, and what is made of them: of rows and not of answers.
  training: [
    'get /api/v1/studies/{id}/rounds',
    'get /api/v1/studies/{id}/model',
    'get /api/v1/studies/{id}/model/weights.bin',
    'get /api/v1/studies/{id}/model/card',
    'get /api/v1/studies/{id}/models/{modelRound}',
  ],
  // What its author wrote, before or after it was published.
  manifest: ['get /api/v1/studies/{id}', 'get /api/v1/drafts', 'get /api/v1/drafts/{id}'],
  operator: ['get /metrics', 'get /api/v1/backup'],
};

/** Numbers in answers and files of answers, by name. */
const FIGURES: Record<string, readonly string[]> = {
  // Made of nothing but the counts of one question over the people that the attack knows it is about; a change is of two.
  'counts of a question': [
    'respondents value lower upper effectiveRespondents mean betweenStddev pValue distinguishable change adjustedPValue',
    'shrunken.weight significant shrunken_value shrunken_lower shrunken_upper change_lower change_upper p_value',
    'adjusted_p_value',
  ],
  // Of the counts of two questions together over such people.
  'counts of a pair': ['correlation'],
  // Of how many took part, whatever they answered. [E6]
  'head counts': ['voices participants rate.lower rate.upper participation_lower participation_upper'],
  'the manifest, or the code': [
    'epsilon realizedEpsilon delta confidence minimumGroupSize headcount range simulated survey realized_epsilon',
    'minimum_group_size fewestRespondents asked questionsPerDevice epsilonForAll',
  ],
  'somebody else': ['benchmarks.value benchmarks.year'],
};

/** Columns of words: names, times, hashes, states. */
const WORDS = new Set(
  [
    'study manifest title privacy_unit neighboring_relation exported_at series changed_since question question_identity',
    'text group group_label state estimate label outcome outcome_text',
  ].flatMap((names) => names.split(' ')),
);

type Schema = {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  prefixItems?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
};
type Operation = { responses: Record<string, { content?: Record<string, { schema?: Schema }> }> };

async function openCoordinator() {
  const wave = pulseStudy({ asked: questions.slice(0, 2), more: { series: 'pulses' } });
  const coordinator = await runCoordinator({ manifests: [wave] });
  const text = async (path: string) => (await coordinator.get(path)).text();
  const description = JSON.parse(await text('/api/v1/openapi.json')) as {
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: Record<string, Schema> };
  };
  const named = (reference: string) => description.components.schemas[reference.split('/').at(-1)!]!;
  const answers = Object.entries(description.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { responses }]) => {
      const content = Object.values((responses['200'] ?? responses['201'])?.content ?? {});
      const route = `${method} ${path}`;
      return { route, figures: content.flatMap(({ schema = {} }) => figures(schema, route, named)) };
    }),
  );
  return { answers, text };
}

/** Names of the numbers in an answer, with that of what they are in; yes and no count as such. */
function figures(schema: Schema, path: string, named: (reference: string) => Schema): string[] {
  if (schema.$ref !== undefined) return figures(named(schema.$ref), path, named);
  const { type = [], properties = {}, items = [], prefixItems = [], anyOf = [], oneOf = [], allOf = [] } = schema;
  const isNumber = [type].flat().some((one) => ['number', 'integer', 'boolean'].includes(one));
  return [
    ...(isNumber ? [path.split('.').slice(-2).join('.')] : []),
    ...[items, prefixItems, anyOf, oneOf, allOf].flat().flatMap((part) => figures(part, path, named)),
    ...Object.entries(properties).flatMap(([name, part]) => figures(part, `${path}.${name}`, named)),
  ];
}

const known = new Set(
  Object.values(FIGURES)
    .flat()
    .flatMap((names) => names.split(' ')),
);
const isKnown = (figure: string) => known.has(figure) || known.has(figure.split('.').at(-1)!);

it('[E5] every route that reads out what people did is one that is attacked, or tells nothing of their answers', async () => {
  const { answers } = await openCoordinator();
  const classified = Object.values(ROUTES).flat();
  const routes = answers.map(({ route }) => route);
  expect(classified.filter((route) => !routes.includes(route))).toEqual([]);
  const others = answers.filter(({ route }) => !classified.includes(route));
  // What is left says how a request went: the numbers are of benchmarks that were imported just now.
  const left = others.flatMap((answer) => answer.figures);
  expect(left.filter((figure) => !figure.endsWith('.count') && !figure.endsWith('.duplicate'))).toEqual([]);
  const unread = others.filter(({ route }) => route.startsWith('get ')).map(({ route }) => route);
  expect(unread).toEqual([
    'get /healthz',
    'get /readyz',
    'get /api/v1/studies/{id}/state',
    'get /api/v1/persons/me',
    'get /api/v1/persons',
    'get /api/v1/openapi.json',
  ]);
});

it('[E5] every number in results is made of counts that are attacked, or of none', async () => {
  const { answers } = await openCoordinator();
  const found = answers
    .filter(({ route }) => [...ROUTES['answers']!, ...ROUTES['headcounts']!].includes(route))
    .flatMap((answer) => answer.figures);
  expect(found.length).toBeGreaterThan(50);
  expect([...new Set(found)].filter((figure) => !isKnown(figure))).toEqual([]);
});

it.each(['studies/pulse/export', 'studies/pulse/drivers/export', 'series/pulses/export'])(
  '[E5] every column of %s.csv is words or such a number',
  async (path) => {
    const { text } = await openCoordinator();
    const columns = (await text(`/api/v1/${path}.csv`)).split('\r\n')[0]!.split(',');
    expect(columns.length).toBeGreaterThan(15);
    expect(columns.filter((column) => !WORDS.has(column) && !isKnown(column))).toEqual([]);
  },
);
