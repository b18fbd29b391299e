import { ChoraleSurvey } from '@chorale/sdk/react';
import { useRef, useState } from 'react';

export function SurveyPage({ token }: { token: string }) {
  const survey = useRef<HTMLElementTagNameMap['chorale-survey']>(null);
  const [reference, setReference] = useState<string | null>(null);
  return (
    <>
      <ChoraleSurvey
        ref={survey}
        coordinator="https://hr.example"
        study="pulse-2026-11"
        group-department="sales"
        maxEpsilon={8}
        token={token}
        onSent={({ detail }) => setReference(detail.receipt.reportHash)}
        onError={({ detail }) => console.info(detail.code)}
      />
      {reference !== null && <p>Thank you. Reference {reference}</p>}
      <button type="button" onClick={() => survey.current?.destroy()}>
        Close the survey
      </button>
    </>
  );
}
