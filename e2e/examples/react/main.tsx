import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { SurveyPage } from './survey-page.tsx';

function Intranet({ token }: { token: string }) {
  const [shown, setShown] = useState(true);
  return (
    <main>
      <h1>Intranet</h1>
      <label>
        <input type="checkbox" checked={shown} onChange={() => setShown(!shown)} /> Show the survey
      </label>
      {shown && <SurveyPage token={token} />}
    </main>
  );
}

const token = await fetch('/survey-token').then((response) => response.text());
createRoot(document.querySelector('#root')!).render(
  <StrictMode>
    <Intranet token={token} />
  </StrictMode>,
);
