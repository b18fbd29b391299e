import 'survey-core/survey-core.fontless.min.css';
import './page.css';
import '@chorale/sdk/elements';
import { attachChorale } from '@chorale/sdk/surveyjs';
import { Model } from 'survey-core';
import { renderSurvey } from 'survey-js-ui';
import definition from './definition.json' with { type: 'json' };
import { mapping } from './study.ts';

const survey = document.querySelector('chorale-survey')!;
const model = new Model(definition);
attachChorale(model, survey, { mapping });
renderSurvey(model, document.querySelector<HTMLElement>('#questions')!);
// Your server asks who this is, and hands out their invitation.
survey.token = await fetch('/survey-token').then((response) => response.text());
