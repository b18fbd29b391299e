import type { Manifest } from '@chorale/protocol';
import { normalizeName } from '@chorale/sdk';
import { employeesToCsv, syntheticEmployees } from '@chorale/sdk/testing';

const companySize = 1470;
const seed = 1;

/**
 * A CSV of made-up employees for one site: those of its department, where the study's groups are
 * departments of the made-up company, or else everybody.
 */
export function madeUpCsv(manifest: Manifest, group: string): string {
  const company = syntheticEmployees({ rows: companySize, seed });
  const label = manifest.groups.values.find(({ id }) => id === group)?.label ?? group;
  const names = [group, label].map(normalizeName);
  const own = company.filter((employee) => names.includes(normalizeName(String(employee['Department']))));
  return employeesToCsv(own.length === 0 ? company : own);
}
