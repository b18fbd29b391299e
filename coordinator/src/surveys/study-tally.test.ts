import { manifestHash, parseReport, surveyChannels } from '@chorale/protocol';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pulseStudy, questions } from '../../testing/pulse-study.ts';
import { reportText } from '../../testing/report-text.ts';
import { BlockTally } from './block-tally.ts';
import { StudyTally } from './study-tally.ts';

/** Five questions at an epsilon that pays for two of them a device. */
async function survey(minimumGroupSize: number) {
  const manifest = pulseStudy({ epsilon: 5, minimumGroupSize });
  const channels = surveyChannels(manifest.survey!);
  return { manifest, channels, hash: await manifestHash(manifest) };
}

type Arrival = { group: 'sales' | 'legal'; first: number; letter: number; look: boolean };

const arrivals = fc.array(
  fc.record({
    group: fc.constantFrom<'sales' | 'legal'>('sales', 'legal'),
    /** The first of the two neighbouring questions that the device drew. */
    first: fc.nat(questions.length - 2),
    letter: fc.nat(2),
    /** Whether somebody reads the results after this report. */
    look: fc.boolean(),
  }),
  { maxLength: 80 },
);

/** Which arrivals a published number is made of: those whose letters sum to its counts, in order. */
type Published = { question: string; members: Set<number> };

describe('[E2] publishing in blocks', () => {
  it.each([3, 5, 8])(
    'makes any two published numbers, over groups and time, differ by nobody or at least %i',
    async (minimum) => {
      const study = await survey(minimum);
      fc.assert(
        fc.property(arrivals, (sequence) => {
          const seen = publishedOver(sequence, study, minimum);
          for (const a of seen) {
            for (const b of seen) {
              if (a.question !== b.question) continue;
              const apart = [...a.members].filter((member) => !b.members.has(member)).length;
              expect(apart === 0 || apart >= minimum).toBe(true);
            }
          }
        }),
        { numRuns: 60 },
      );
    },
  );

  it('never takes back or changes a block: a later number holds the earlier one', async () => {
    const study = await survey(3);
    fc.assert(
      fc.property(arrivals, (sequence) => {
        const tally = new StudyTally(study);
        let before = tally.published('stay', null);
        for (const [i, arrival] of sequence.entries()) {
          tally.add(toReport(arrival, study), { group: arrival.group, participant: '', sequence: i + 1 });
          const now = tally.published('stay', null);
          now.counts.forEach((count, output) => expect(count).toBeGreaterThanOrEqual(before.counts[output]!));
          if (now.respondents === before.respondents) expect(now).toEqual(before);
          before = now;
        }
      }),
      { numRuns: 60 },
    );
  });

  it('publishes as soon as a block is full, and tells so by its version', async () => {
    const study = await survey(3);
    const tally = new StudyTally(study);
    const add = (letter: number, group: 'sales' | 'legal') =>
      tally.add(toReport({ group, first: 0, letter, look: false }, study), {
        group,
        participant: '',
        sequence: tally.counted + 1,
      });
    add(0, 'sales');
    add(1, 'sales');
    add(1, 'legal');
    expect([tally.version('stay'), tally.voices]).toEqual([0, 3]);
    expect(tally.published('stay', null)).toMatchObject({ respondents: 0, counts: [0, 0, 0] });
    add(2, 'sales');
    expect(tally.version('stay')).toBeGreaterThan(0);
    expect(tally.version('hours')).toBe(0);
    expect(tally.published('stay', 'sales')).toMatchObject({ respondents: 3, counts: [1, 1, 1] });
    // The report of the other group waits: it would be all that the total adds.
    expect(tally.published('stay', null)).toMatchObject({ respondents: 3, counts: [1, 1, 1] });
    expect(tally.published('hours', 'sales').respondents).toBe(0);
  });
});

describe('[S11] a report that is withdrawn', () => {
  it('leaves what is published as it is, and afterwards nothing tells that it ever was', async () => {
    const study = await survey(3);
    const steps = fc.array(fc.tuple(arrivals, fc.nat(40)), { maxLength: 12 });
    fc.assert(
      fc.property(steps, (rounds) => {
        const tally = new StudyTally(study);
        const kept = new Map<number, Arrival>();
        for (const [arriving, pick] of rounds) {
          for (const arrival of arriving.slice(0, 8)) {
            kept.set(tally.counted + 1, arrival);
            tally.add(toReport(arrival, study), { group: arrival.group, participant: '', sequence: tally.counted + 1 });
          }
          const candidate = [...kept][pick];
          if (candidate === undefined) continue;
          const [sequence, arrival] = candidate;
          const before = allPublished(tally, study);
          if (tally.room(toReport(arrival, study), { group: arrival.group, sequence }) === null) continue;
          tally.withdraw({ group: arrival.group, sequence: tally.counted + 1, withdrawnFrom: sequence });
          expect(allPublished(tally, study)).toEqual(before);
          kept.delete(sequence);
        }
        const again = new StudyTally(study);
        for (const [sequence, arrival] of kept)
          again.add(toReport(arrival, study), { group: arrival.group, participant: '', sequence });
        expect(allPublished(tally, study)).toEqual(allPublished(again, study));
        const versions = (of: StudyTally) => [...study.channels.byQuestion.keys()].map((id) => of.version(id));
        expect([tally.voices, versions(tally)]).toEqual([again.voices, versions(again)]);
      }),
      { numRuns: 100 },
    );
  });

  it('is held by a block as soon as one of its answers is, whatever the others wait for', async () => {
    const study = await survey(3);
    const tally = new StudyTally(study);
    const ann: Arrival = { group: 'sales', first: 0, letter: 0, look: false };
    const add = (arrival: Arrival) =>
      tally.add(toReport(arrival, study), { group: arrival.group, participant: '', sequence: tally.counted + 1 });
    const room = () => tally.room(toReport(ann, study), { group: 'sales', sequence: 1 });
    add(ann);
    expect(room()).toBe(2);
    add({ ...ann, group: 'legal' });
    expect(room()).toBe(2);
    // Shares the second question alone.
    add({ ...ann, first: 1 });
    expect(room()).toBe(1);
    add({ ...ann, first: 1 });
    expect([...study.channels.byQuestion.keys()].map((id) => tally.version(id)).slice(0, 3)).toEqual([0, 1, 0]);
    expect(room()).toBe(null);
  });

  it('[E5] stays in a full block that may not be published, and leaves one that is not full', () => {
    const tally = new BlockTally({ outputs: 1, blockSize: 2, admit: () => false });
    for (const sequence of [1, 2, 3]) tally.add({ output: 0, participant: `p${sequence}`, sequence });
    expect([1, 2, 3, 4].map((sequence) => tally.room(sequence))).toEqual([null, null, 1, null]);
    expect([1, 3, 3].map((sequence) => tally.remove(sequence))).toEqual([false, true, false]);
    expect(tally.published).toMatchObject({ respondents: 0, heldBack: true });
  });
});

function allPublished(tally: StudyTally, study: Awaited<ReturnType<typeof survey>>) {
  return [...study.channels.byQuestion.keys()].flatMap((question) =>
    [null, 'sales', 'legal'].map((group) => tally.published(question, group)),
  );
}

function publishedOver(sequence: Arrival[], study: Awaited<ReturnType<typeof survey>>, minimum: number): Published[] {
  const tally = new StudyTally(study);
  const ids = [...study.channels.byQuestion.keys()];
  const seen: Published[] = [];
  sequence.forEach((arrival, index) => {
    tally.add(toReport(arrival, study), { group: arrival.group, participant: String(index), sequence: index + 1 });
    if (!arrival.look) return;
    for (const question of ids) {
      const groups = (['sales', 'legal'] as const).map((group) => {
        const published = tally.published(question, group);
        const members = answering(sequence.slice(0, index + 1), ids.indexOf(question), group).slice(
          0,
          published.respondents,
        );
        // The counts must be those of exactly these people.
        const counts = Array.from(published.counts, () => 0);
        members.forEach((member) => (counts[sequence[member]!.letter]! += 1));
        expect(published).toEqual({ respondents: members.length, counts, heldBack: false });
        return new Set(members);
      });
      const [sales = new Set<number>(), legal = new Set<number>()] = groups;
      const all = new Set([...sales, ...legal]);
      expect(tally.published(question, null).respondents).toBe(all.size);
      expect(all.size === 0 || all.size >= minimum).toBe(true);
      seen.push(...[sales, legal, all].map((members) => ({ question, members })));
    }
  });
  return seen;
}

function answering(sequence: Arrival[], question: number, group: string): number[] {
  return sequence.flatMap((arrival, index) => {
    const answers = arrival.first === question || arrival.first + 1 === question;
    return arrival.group === group && answers ? [index] : [];
  });
}

/** A report of two neighbouring questions, with the same letter for both. */
function toReport({ first, letter }: Arrival, study: Awaited<ReturnType<typeof survey>>) {
  const text = JSON.parse(reportText(study, {}));
  const drawn = [...study.channels.byQuestion].slice(first, first + 2);
  text.answers = drawn.map(([question, { channel }]) => ({
    question,
    mechanism: channel.mechanism,
    outputs: channel.outputs,
    letter,
  }));
  return parseReport(JSON.stringify(text), study);
}
