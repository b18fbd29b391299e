import { manifestFromSurveyJs } from '@chorale/sdk/surveyjs';
import definition from './definition.json' with { type: 'json' };

export const { manifest, mapping, unmapped } = manifestFromSurveyJs(definition, {
  id: 'how-is-work',
  epsilon: 6,
  groups: {
    attribute: 'department',
    label: 'Department',
    values: [
      { id: 'sales', label: 'Sales' },
      { id: 'legal', label: 'Legal' },
    ],
  },
  publishing: { minimumGroupSize: 4, maximumMargin: 0.5 },
});
