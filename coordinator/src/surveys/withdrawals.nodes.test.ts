import { createHash } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { pulseStudy } from '../../testing/pulse-study.ts';
import { reportText } from '../../testing/report-text.ts';
import { postgresMissing, sharedDatabaseUrl, temporarySchema } from '../../testing/shared-postgres.ts';
import { ReleaseLog } from '../oversight/release-log.ts';
import { PostgresStore } from '../storage/postgres-store.ts';
import { ImportedBenchmarks } from './imported-benchmarks.ts';
import { Invitations } from './invitations.ts';
import { ReportService } from './report-service.ts';
import { ResultsService } from './results-service.ts';
import { StudyRegistry } from './study-registry.ts';

const now = Date.now;
const answers = { stay: true, workload: 4, recommend: 9, improve: 'rooms', hours: 38 };
const invitations = new Invitations(new Uint8Array(32));
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

async function openNode(schema: string) {
  const store = await PostgresStore.open(await sharedDatabaseUrl(), { schema });
  onTestFinished(() => store.close());
  const studies = new StudyRegistry({ store, now });
  const { study } = await studies.publish(pulseStudy(), { type: 'operator' });
  const reports = new ReportService({ store, studies, invitations, now });
  return {
    study,
    reports,
    results: new ResultsService({
      studies,
      reports,
      releases: new ReleaseLog({ store, now }),
      benchmarks: new ImportedBenchmarks({ store, studies, now }),
    }),
  };
}

describe('two nodes on one database', () => {
  it.skipIf(postgresMissing)(
    `[S11] [E2] publish the same blocks while reports come in and go by both of them${postgresMissing}`,
    async () => {
      const schema = temporarySchema();
      const nodes = [await openNode(schema), await openNode(schema)] as const;
      const published: number[] = [];
      const one = async (i: number): Promise<string> => {
        const token = await invitations.sign({ study: 'pulse', sub: `employee-${i}`, group: 'sales' });
        const [here, there] = i % 2 === 0 ? nodes : [nodes[1], nodes[0]];
        const report = reportText(here.study, { ...answers, stay: i % 3 === 0 });
        await here.reports.accept({ token, report, withdrawal: hashOf(`secret ${i}`) });
        // Each node counts along the way, and so knows reports that the other lets go.
        const tally = await there.reports.tally('pulse');
        published.push(tally.published('stay', 'sales').respondents);
        if (i % 4 !== 0) return 'kept';
        return (await there.reports.withdraw({ token, secret: `secret ${i}` })).outcome;
      };
      const outcomes: string[] = [];
      for (let start = 0; start < 60; start += 6) {
        outcomes.push(...(await Promise.all(Array.from({ length: 6 }, (_, i) => one(start + i)))));
      }
      expect(new Set(outcomes)).toEqual(new Set(['kept', 'withdrawn', 'released']));
      expect(published.every((respondents) => respondents % 5 === 0)).toBe(true);
      const fresh = await openNode(schema);
      const [first, second, anew] = await Promise.all([...nodes, fresh].map(({ results }) => results.of('pulse')));
      expect(first).toEqual(anew);
      expect(second).toEqual(anew);
      expect(anew!.voices).toBe(60 - outcomes.filter((outcome) => outcome === 'withdrawn').length);
    },
  );
});
