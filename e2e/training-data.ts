import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { employeesToCsv, syntheticEmployees } from '../sdk/src/training/testing/synthetic-employees.ts';

/** One site's file: the employees of one department. */
export type SiteFile = { site: string; group: string; csv: string; rows: number };

/** Departments as the data names them, and the group of each. */
const departments = [
  { department: 'Research_Development', group: 'research-development' },
  { department: 'Sales', group: 'sales' },
  { department: 'Human_Resources', group: 'human-resources' },
];

// The IBM attrition data lies beside the project where it may be used, and is never part of it.
const attritionFile = resolve(import.meta.dirname, '../../shared/data/ibm-attrition-modeldata.csv');

export const dataSource = existsSync(attritionFile) ? 'IBM attrition data' : 'synthetic employees';

// Neither source has a comma or a line break inside a field.
function fields(line: string): string[] {
  return line.replaceAll('"', '').split(',');
}

/** The employees split by department, largest first: the real data where it is there, else made-up ones. */
export function employeesByDepartment(): SiteFile[] {
  const text = existsSync(attritionFile)
    ? readFileSync(attritionFile, 'utf8')
    : employeesToCsv(syntheticEmployees({ rows: 1470, seed: 1 }));
  const [header = '', ...lines] = text.trimEnd().split(/\r?\n/);
  const column = fields(header).indexOf('Department');
  return departments.map(({ department, group }) => {
    const rows = lines.filter((line) => fields(line)[column] === department);
    return { site: group, group, csv: [header, ...rows].join('\n'), rows: rows.length };
  });
}
