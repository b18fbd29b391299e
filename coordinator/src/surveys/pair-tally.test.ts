import { manifestHash, parseReport, surveyChannels } from '@chorale/protocol';
import * as fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { pulseStudy, questions } from '../../testing/pulse-study.ts';
import { reportText } from '../../testing/report-text.ts';
import { DifferenceGuard } from './difference-guard.ts';
import { type PairCounts, PairTally } from './pair-tally.ts';
import { ReleasedCounts } from './released-counts.ts';
import { StudyTally } from './study-tally.ts';

const [stay, workload, recommend] = questions;

async function survey({ id = 'pulse', asked = [stay!, workload!, recommend!] } = {}) {
  const manifest = pulseStudy({ id, minimumGroupSize: 3, asked });
  const channels = surveyChannels(manifest.survey!);
  return { manifest, channels, hash: await manifestHash(manifest) };
}
type Survey = Awaited<ReturnType<typeof survey>>;

/** A report with these letters, in the order of the questions. */
function toReport(letters: readonly number[], study: Survey) {
  const text = JSON.parse(reportText(study, {}));
  for (const [index, one] of text.answers.entries()) one.letter = letters[index];
  return parseReport(JSON.stringify(text), study);
}

/** What comes in: a report, or that one of those before is withdrawn where that may be. */
const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.tuple(fc.constantFrom('sales', 'legal'), fc.array(fc.nat(2), { minLength: 3, maxLength: 3 })),
    },
    { weight: 1, arbitrary: fc.nat(60) },
  ),
  { maxLength: 60 },
);

/** Counts of one question that pairs tell by the way. */
function marginal(tally: StudyTally, question: string, study: Survey): number[] {
  const pair = tally.pairs!.counts.find(({ first, second }) => first === question || second === question)!;
  const counts = Array.from({ length: study.channels.byQuestion.get(question)!.channel.outputs }, () => 0);
  for (const [one, other, count] of pair.counts) counts[pair.first === question ? one : other]! += count;
  return counts;
}

function takePart(tally: StudyTally, study: Survey, person: number): void {
  const arrived = { group: 'sales', participant: `p${person}`, sequence: tally.counted + 1 };
  tally.add(toReport([1, 1, 1], study), arrived);
}

/** So many times the first output of both questions. */
function pairOf(first: string, second: string, count: number): PairCounts {
  return { first, second, counts: [[0, 0, count]] };
}

/** Takes up what was released of three questions. */
function restore(...pairs: PairCounts[]): void {
  new PairTally(['a', 'b', 'c']).restore(pairs);
}

describe('[E10] pairs of answers', () => {
  it('are of exactly the people whose answers to each question are published, at any time', async () => {
    const study = await survey();
    fc.assert(
      fc.property(steps, (sequence) => {
        const tally = new StudyTally(study);
        const reports: { group: string; letters: number[]; sequence: number }[] = [];
        for (const step of sequence) {
          if (typeof step === 'number') {
            const report = reports[step];
            if (report === undefined) continue;
            if (tally.room(toReport(report.letters, study), report) === null) continue;
            tally.withdraw({ group: report.group, sequence: tally.counted + 1, withdrawnFrom: report.sequence });
            reports.splice(step, 1);
          } else {
            const [group, letters] = step;
            const report = { group, letters, sequence: tally.counted + 1 };
            reports.push(report);
            tally.add(toReport(letters, study), { ...report, participant: '' });
          }
          for (const question of study.channels.byQuestion.keys()) {
            const published = tally.published(question, null);
            expect(tally.pairs!.respondents).toBe(published.respondents);
            expect(marginal(tally, question, study)).toEqual(published.counts);
          }
        }
        // Of each person both letters came together: the first whole blocks of each group, withdrawn ones left out.
        const people = ['sales', 'legal'].flatMap((group) => {
          const all = reports.filter((report) => report.group === group);
          return all.slice(0, all.length - (all.length % 3));
        });
        const [pair] = tally.pairs!.counts;
        for (const [one, other, count] of pair!.counts) {
          expect(people.filter(({ letters }) => letters[0] === one && letters[1] === other)).toHaveLength(count);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('[E5] wait in a wave until every question has published the same people', async () => {
    const guards = new Map([stay!, workload!, recommend!].map(({ id }) => [id, new DifferenceGuard()]));
    const guardOf = ({ id }: { id: string }) => guards.get(id)!;
    const before = await survey({ id: 'before', asked: [stay!] });
    const study = await survey();
    const [earlier, later] = [before, study].map((wave) => new StudyTally({ ...wave, guardOf }));
    for (const person of [1, 2, 3]) takePart(earlier!, before, person);
    for (const person of [2, 3, 4]) takePart(later!, study, person);
    // The first question was asked before, of nearly the same people; the others are new.
    expect(later!.published('stay', 'sales')).toMatchObject({ respondents: 0, heldBack: true });
    expect(later!.published('workload', 'sales')).toMatchObject({ respondents: 3 });
    expect(later!.pairs).toMatchObject({ respondents: 0, heldBack: true });
    for (const person of [5, 6, 7]) takePart(later!, study, person);
    expect([...study.channels.byQuestion.keys()].map((id) => later!.published(id, null).respondents)).toEqual([
      6, 6, 6,
    ]);
    expect(later!.pairs).toMatchObject({ respondents: 6, heldBack: false });
  });

  it('[O4] are the same from what was released of them', async () => {
    const study = await survey();
    const tally = new StudyTally(study);
    for (let person = 1; person <= 20; person += 1) {
      const letters = [person % 2, person % 3, person % 4];
      tally.add(toReport(letters, study), {
        group: person % 5 === 0 ? 'legal' : 'sales',
        participant: '',
        sequence: person,
      });
    }
    const released = v.parse(ReleasedCounts, JSON.parse(JSON.stringify(tally.released())));
    expect(StudyTally.ofReleased(study, released).pairs).toEqual(tally.pairs);
    // A version that did not count them left none.
    const { pairs, ...older } = released;
    expect(pairs).toHaveLength(3);
    expect(StudyTally.ofReleased(study, older).pairs).toBe(null);
  });

  it('are refused where they are not of the same people, or miss one', () => {
    expect(() => restore(pairOf('a', 'b', 3), pairOf('a', 'c', 3))).toThrow(/must have b with c/);
    expect(() => restore(pairOf('a', 'b', 3), pairOf('a', 'c', 3), pairOf('b', 'c', 6))).toThrow(
      /same people, got 3, 3, 6/,
    );
  });

  it('are none where devices draw their questions, and cells stay as they are', () => {
    const manifest = pulseStudy({ epsilon: 5 });
    const tally = new StudyTally({ manifest, channels: surveyChannels(manifest.survey!) });
    expect(tally.pairs).toBe(null);
    expect(Object.keys(tally.released())).toEqual(['groups', 'cells']);
  });
});
