import { controls } from './styles/controls.ts';
import { exchange } from './styles/exchange.ts';
import { layout } from './styles/layout.ts';
import { questions } from './styles/questions.ts';
import { surfaces } from './styles/surfaces.ts';
import { surroundings } from './styles/surroundings.ts';
import { text } from './styles/text.ts';
import { theme } from './styles/theme.ts';

/** The element's style, in the order of its cascade; constructable style sheets need no `unsafe-inline`. */
export const styles = [theme, text, layout, surfaces, controls, questions, exchange, surroundings];
