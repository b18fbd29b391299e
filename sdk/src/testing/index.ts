// Made-up data for demos, tests and benchmarks; its randomness is seeded and must meet no real answer.
export { employeesToCsv, syntheticEmployees } from '../training/testing/synthetic-employees.ts';
