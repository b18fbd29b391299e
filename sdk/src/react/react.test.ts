import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { expect, test } from 'vitest';
import { ChoraleSurvey } from './index.ts';

test('[U5] a server renders the element without its properties: the invitation is in no markup', () => {
  const props = { study: 'pulse', token: 'secret', 'group-department': 'sales' };
  expect(renderToString(createElement(ChoraleSurvey, props))).toBe(
    '<chorale-survey group-department="sales"></chorale-survey>',
  );
});
