import { seededRandom } from '@chorale/privacy/testing';

export type SyntheticEmployee = Record<string, string | number>;

/** Header of the attrition task's files. */
export const employeeColumns = [
  'Age',
  'Attrition',
  'BusinessTravel',
  'DailyRate',
  'Department',
  'DistanceFromHome',
  'Education',
  'EducationField',
  'EnvironmentSatisfaction',
  'Gender',
  'HourlyRate',
  'JobInvolvement',
  'JobLevel',
  'JobRole',
  'JobSatisfaction',
  'MaritalStatus',
  'MonthlyIncome',
  'MonthlyRate',
  'NumCompaniesWorked',
  'OverTime',
  'PercentSalaryHike',
  'PerformanceRating',
  'RelationshipSatisfaction',
  'StockOptionLevel',
  'TotalWorkingYears',
  'TrainingTimesLastYear',
  'WorkLifeBalance',
  'YearsAtCompany',
  'YearsInCurrentRole',
  'YearsSinceLastPromotion',
  'YearsWithCurrManager',
] as const;

type Shares = Readonly<Record<string, number>>;
type Department = { share: number; roles: Shares; fields: Shares; leaving: number };

// Round figures, made up to look like a company: no row or statistic of a real file is in them.
const departments: Readonly<Record<string, Department>> = {
  Research_Development: {
    share: 0.654,
    roles: {
      Research_Scientist: 0.3,
      Laboratory_Technician: 0.27,
      Manufacturing_Director: 0.15,
      Healthcare_Representative: 0.13,
      Research_Director: 0.09,
      Manager: 0.06,
    },
    fields: { Life_Sciences: 0.5, Medical: 0.35, Technical_Degree: 0.1, Other: 0.05 },
    leaving: -0.2,
  },
  Sales: {
    share: 0.303,
    roles: { Sales_Executive: 0.72, Sales_Representative: 0.2, Manager: 0.08 },
    fields: { Marketing: 0.4, Life_Sciences: 0.3, Medical: 0.2, Technical_Degree: 0.1 },
    leaving: 0.4,
  },
  Human_Resources: {
    share: 0.043,
    roles: { Human_Resources: 0.85, Manager: 0.15 },
    fields: { Human_Resources: 0.5, Life_Sciences: 0.25, Medical: 0.15, Other: 0.1 },
    leaving: 0.2,
  },
};
const seniorRoles: Shares = {
  Manager: 2,
  Research_Director: 2,
  Sales_Executive: 1,
  Manufacturing_Director: 1,
  Healthcare_Representative: 1,
};
const satisfaction: Shares = { Low: 0.2, Medium: 0.2, High: 0.3, Very_High: 0.3 };
const satisfactionLevels = Object.keys(satisfaction);

/**
 * Made-up employees with the columns of the attrition task: departments in fixed shares (so that small
 * ones are there), pay and tenure that follow age and role, and leaving decided by a logistic model, more
 * often in sales. The same options give the same people everywhere.
 */
export function syntheticEmployees({ rows, seed }: { rows: number; seed: number }): SyntheticEmployee[] {
  const draw = new Draw(seed);
  const names = Object.keys(departments);
  return Array.from({ length: rows }, (_, row) => {
    // Spread over the file in proportion, instead of drawn: sites' sizes are public weights.
    const place = (row * 0.618_033_988_749_895) % 1;
    let below = 0;
    const name = names.find((key) => place < (below += departments[key]!.share)) ?? names.at(-1)!;
    return employee(name, departments[name]!, draw);
  });
}

/** The employees as the text of a CSV file. */
export function employeesToCsv(employees: readonly SyntheticEmployee[]): string {
  const lines = employees.map((e) => employeeColumns.map((column) => String(e[column])).join(','));
  return [employeeColumns.join(','), ...lines, ''].join('\r\n');
}

function employee(departmentName: string, department: Department, draw: Draw): SyntheticEmployee {
  const age = draw.whole(37, 9, 18, 60);
  const role = draw.choice(department.roles);
  const working = draw.whole((age - 20) * 0.65, 4, 0, Math.min(40, age - 18));
  const level = Math.min(5, Math.max(1, Math.round(1 + (seniorRoles[role] ?? 0) + working / 14 + draw.normal() * 0.5)));
  const atCompany = draw.whole(working * 0.6, 3, 0, working);
  const inRole = draw.whole(atCompany * 0.6, 1.5, 0, Math.min(18, atCompany));
  const sincePromotion = draw.whole(atCompany * 0.3, 2, 0, Math.min(15, atCompany));
  const hike = draw.whole(14, 4, 11, 25);
  const traits = {
    travel: draw.choice({ 'Non-Travel': 0.1, Travel_Rarely: 0.7, Travel_Frequently: 0.2 }),
    environment: draw.choice(satisfaction),
    job: draw.choice(satisfaction),
    involvement: draw.choice({ Low: 0.06, Medium: 0.25, High: 0.59, Very_High: 0.1 }),
    marital: draw.choice({ Single: 0.32, Married: 0.46, Divorced: 0.22 }),
    overTime: draw.choice({ No: 0.7, Yes: 0.3 }),
    distance: draw.whole(9, 8, 1, 29),
    companies: draw.whole(2.5, 2.5, 0, 9),
    stock: draw.choice({ 0: 0.43, 1: 0.4, 2: 0.11, 3: 0.06 }),
  };
  const logit =
    -3 +
    department.leaving +
    2 * Number(traits.overTime === 'Yes') +
    1 * Number(traits.travel === 'Travel_Frequently') +
    0.9 * Number(traits.marital === 'Single') +
    0.45 * (low(traits.environment) + low(traits.job)) +
    0.5 * low(traits.involvement) +
    0.05 * (traits.distance - 9) +
    0.15 * (traits.companies - 2.5) -
    0.05 * (age - 37) -
    0.06 * (working - 11) +
    0.15 * sincePromotion -
    0.1 * inRole -
    0.4 * (Number(traits.stock) - 0.8);
  return {
    Age: age,
    Attrition: draw.uniform() < 1 / (1 + Math.exp(-logit)) ? 'Yes' : 'No',
    BusinessTravel: traits.travel,
    DailyRate: draw.between(100, 1500),
    Department: departmentName,
    DistanceFromHome: traits.distance,
    Education: draw.choice({ Below_College: 0.12, College: 0.19, Bachelor: 0.39, Master: 0.27, Doctor: 0.03 }),
    EducationField: draw.choice(department.fields),
    EnvironmentSatisfaction: traits.environment,
    Gender: draw.choice({ Female: 0.4, Male: 0.6 }),
    HourlyRate: draw.between(30, 100),
    JobInvolvement: traits.involvement,
    JobLevel: level,
    JobRole: role,
    JobSatisfaction: traits.job,
    MaritalStatus: traits.marital,
    MonthlyIncome: draw.whole(level * 3400 - 500, 900, 1000, 20_000),
    MonthlyRate: draw.between(2000, 27_000),
    NumCompaniesWorked: traits.companies,
    OverTime: traits.overTime,
    PercentSalaryHike: hike,
    PerformanceRating: hike >= 20 ? 'Outstanding' : 'Excellent',
    RelationshipSatisfaction: draw.choice(satisfaction),
    StockOptionLevel: Number(traits.stock),
    TotalWorkingYears: working,
    TrainingTimesLastYear: draw.whole(2.8, 1.3, 0, 6),
    WorkLifeBalance: draw.choice({ Bad: 0.06, Good: 0.24, Better: 0.6, Best: 0.1 }),
    YearsAtCompany: atCompany,
    YearsInCurrentRole: inRole,
    YearsSinceLastPromotion: sincePromotion,
    YearsWithCurrManager: draw.whole(inRole * 0.9, 1.5, 0, Math.min(17, atCompany)),
  };
}

/** 1.5 for the lowest of four levels down to -1.5 for the highest. */
function low(level: string): number {
  return 1.5 - satisfactionLevels.indexOf(level);
}

/** Made-up people need no secure randomness, but the same ones each time. */
class Draw {
  readonly #random: ReturnType<typeof seededRandom>;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  uniform(): number {
    return this.#random.nextUint32() / 2 ** 32;
  }

  /** Twelve uniforms less six: close enough to a normal, and the same in every browser. */
  normal(): number {
    let sum = -6;
    for (let i = 0; i < 12; i += 1) sum += this.uniform();
    return sum;
  }

  whole(mean: number, spread: number, minimum: number, maximum: number): number {
    return Math.min(maximum, Math.max(minimum, Math.round(mean + spread * this.normal())));
  }

  between(minimum: number, maximum: number): number {
    return minimum + Math.floor(this.uniform() * (maximum - minimum + 1));
  }

  choice(shares: Shares): string {
    let left = this.uniform() * Object.values(shares).reduce((sum, share) => sum + share, 0);
    for (const [name, share] of Object.entries(shares)) {
      left -= share;
      if (left < 0) return name;
    }
    return Object.keys(shares).at(-1)!;
  }
}
